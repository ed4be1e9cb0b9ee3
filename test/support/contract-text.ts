// A contract with the provider `alpha`, as somebody would write it.

export const contractText = (rule: string) => `name: Ours
provider: alpha
promised: 99.9%
rule: ${rule}
errors: [error500, error5xx, overloaded529]
credits: [{ below: 99.9%, share: 10% }]
claim: { days: 360, from: month-end }
`;
