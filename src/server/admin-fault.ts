// A refusal of the admin API: for commands (a code) and people (a message). The data paths have their dialects instead.

export interface AdminFault {
  readonly adminFault: true;
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** The known name that was probably meant. */
  readonly nearest?: string | undefined;
  /** For 405. */
  readonly allow?: string;
}

export function adminFault(status: number, code: string, message: string, nearest?: string): AdminFault {
  return { adminFault: true, status, code, message, nearest };
}

export function isAdminFault(value: object): value is AdminFault {
  return "adminFault" in value;
}
