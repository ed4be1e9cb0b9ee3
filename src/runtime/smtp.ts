// Mail over SMTP, by nodemailer, which is loaded with the first mail. Not what is in a mail, and not when it is sent again.

import type { Mail, MailOutcome, SendMail } from "../core/notice.ts";

const CONNECT_MS = 10_000;
const SOCKET_MS = 20_000;
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/;

export const sendMail: SendMail = async (smtp, mail) => {
  try {
    const { createTransport } = await import("nodemailer");
    const transport = createTransport(optionsOf(new URL(smtp)));
    try {
      await transport.sendMail(messageOf(mail));
      return { ok: true };
    } finally {
      transport.close();
    }
  } catch (error) {
    return outcomeOf(error);
  }
};

function optionsOf({ protocol, hostname, port, username, password }: URL) {
  const secure = protocol === "smtps:";
  const auth =
    username === "" ? {} : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } };
  return {
    host: hostname.replace(/^\[|\]$/g, ""),
    port: port === "" ? (secure ? 465 : 587) : Number(port),
    secure,
    // A password never crosses a network in the clear, whatever the server offers.
    requireTLS: !secure && username !== "" && !LOOPBACK.test(hostname),
    ignoreTLS: !secure && LOOPBACK.test(hostname),
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: SOCKET_MS,
    // Nothing in a mail of ours may make it read a file or a URL.
    disableFileAccess: true,
    disableUrlAccess: true,
    ...auth,
  };
}

function messageOf({ from, to, subject, text, messageId, replyTo, headers }: Mail) {
  const thread = replyTo === undefined ? {} : { inReplyTo: replyTo, references: [replyTo] };
  return { from, to: [...to], subject, text, messageId, headers: { ...headers }, ...thread };
}

/** A 5xx of the server is its last word, but for those that ask to log in (RFC 4954 §6). */
function outcomeOf(error: unknown): MailOutcome {
  const code = typeof error === "object" && error !== null && "responseCode" in error ? Number(error.responseCode) : 0;
  const permanent = code >= 500 && code !== 530 && code !== 535 && code !== 534;
  const message = error instanceof Error ? error.message : String(error);
  return { ok: false, permanent, problem: message.slice(0, 300) };
}
