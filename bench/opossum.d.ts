// What is used of opossum, which has no types of its own.

declare module "opossum" {
  class Breaker {
    constructor(action: (attempt: () => Promise<boolean>) => Promise<true>);
    fire(attempt: () => Promise<boolean>): Promise<true>;
    on(event: "reject", told: () => void): void;
  }
  export = Breaker;
}
