/**
 * SIPp as a carrier: dials a number with a username and password and tells what was answered.
 * The scenario is `end2end/sip/dial.xml`; the truth is its message trace, not SIPp's exit code.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { start } from "./process";
import { type Line, ownAddress, ownFolder } from "./place";
import { writeMuLawTone } from "./sound";

export interface Dial {
  line: Line;
  /** Digits as the carrier puts them into the Request-URI. */
  number: string;
  caller?: string;
  /** One more header, `["X-Agent-ID", "0197…"]`. */
  header?: [string, string];
  /** Payload types offered; `18` alone is G.729, which nobody here speaks. */
  codecs?: string;
  /** How long the call is held once it is answered. */
  holdMs?: number;
  /** The address it comes from, where a second call must come from the same one. */
  from?: string;
  /** When to give up, where no answer is expected. */
  patienceMs?: number;
}

export interface Answer {
  /** The last final status of the INVITE, 0 when none came. */
  status: number;
  /** All statuses of INVITEs in order, provisional ones included. */
  statuses: number[];
  callId: string;
  /** Headers of that final answer by lower-case name. */
  headers: Map<string, string>;
  /** SIPp's own words, for failure messages. */
  output: string;
}

/** The tone SIPp sends while it holds the line. */
export const SIPP_TONE = 700;

export async function dialWithSipp(dial: Dial): Promise<Answer> {
  const folder = ownFolder("sipp");
  writeMuLawTone(join(folder, "tone.ulaw"), SIPP_TONE, 1);
  const holdMs = dial.holdMs ?? 1_000;
  const run = start("sipp", args(dial, folder, holdMs), { cwd: folder, limitMs: dial.patienceMs ?? holdMs + 20_000 });
  const { output } = await run.finished;
  return { ...readTrace(join(folder, "messages.log")), output };
}

function args(dial: Dial, folder: string, holdMs: number): string[] {
  const [name, value] = dial.header ?? ["Subject", "none"];
  return [
    "-sf", join(__dirname, "..", "sip", "dial.xml"),
    dial.line.endpoint,
    "-t", dial.line.transport === "tcp" ? "t1" : "u1",
    "-i", dial.from ?? ownAddress(),
    "-m", "1", "-l", "1", "-r", "1",
    "-d", String(holdMs),
    "-s", dial.number,
    "-au", dial.line.username,
    "-ap", dial.line.password,
    "-key", "extra", `${name}: ${value}`,
    "-key", "codecs", dial.codecs ?? "0 101",
    "-key", "caller", dial.caller ?? "+493012345678",
    "-trace_msg", "-message_file", join(folder, "messages.log"),
    "-timeout", `${Math.ceil(holdMs / 1_000) + 15}s`,
    "-nostdin",
  ];
}

/** Blocks of SIPp's trace end in a dashed line; only answers to INVITE are of interest. */
export function readTrace(path: string): Omit<Answer, "output"> {
  const blocks = read(path).split(/^-{20,}.*$/m);
  const answers = blocks
    .map((block) => /^SIP\/2\.0 (\d{3}) [^]*/m.exec(block))
    .filter((match): match is RegExpExecArray => match !== null && /^CSeq:\s*\d+ INVITE/im.test(match[0]));
  const statuses = answers.map((match) => Number(match[1]));
  const last = answers.filter((match) => Number(match[1]) >= 200).at(-1);
  const headers = new Map<string, string>();
  for (const line of (last?.[0] ?? "").split(/\r?\n/).slice(1)) {
    const colon = line.indexOf(":");
    if (colon < 1) break;
    headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return { status: Number(last?.[1] ?? 0), statuses, headers, callId: headers.get("call-id") ?? "" };
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
