// A real mail server on a port of this machine, for the tests: it takes every mail, or says what a test wants it to.

import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";

export interface MailServer {
  /** `smtp://127.0.0.1:PORT` */
  readonly url: string;
  /** Whole messages, headers included. */
  readonly mails: readonly string[];
  /** The next so many are refused with 451. */
  refuse: number;
  stop(): Promise<void>;
}

export async function mailServer(): Promise<MailServer> {
  const mails: string[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    logger: false,
    onData(stream, _session, done) {
      const parts: Buffer[] = [];
      stream.on("data", (part: Buffer) => parts.push(part));
      stream.on("end", () => {
        if (here.refuse > 0) {
          here.refuse--;
          done(Object.assign(new Error("try again later"), { responseCode: 451 }));
          return;
        }
        mails.push(Buffer.concat(parts).toString("utf8"));
        done();
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // It listens on a port: its address is one of those.
  const { port } = server.server.address() as AddressInfo;
  const here: MailServer = {
    url: `smtp://127.0.0.1:${port}`,
    mails,
    refuse: 0,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
  return here;
}

/** A header of a mail, unfolded. */
export function headerOf(mail: string, name: string): string | undefined {
  const head = mail.split("\r\n\r\n", 1)[0]?.replace(/\r\n[ \t]+/g, " ") ?? "";
  return new RegExp(`^${name}: (.*)$`, "im").exec(head)?.[1];
}
