// Rows of comma-separated values (RFC 4180), for spreadsheets.

/** With its end. What a spreadsheet would take for a formula is made text: names come from clients. */
export function csvRow(cells: readonly (string | number)[]): string {
  return `${cells.map(csvCell).join(",")}\r\n`;
}

function csvCell(value: string | number): string {
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""').replace(/[\r\n]/g, " ")}"` : text;
}
