/**
 * PJSIP as a carrier: signs in with SHA-256 and keeps a session timer. The call itself is `pjsua.py`,
 * run by the Python environment that `.ci/tools/peers` makes in the cache.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { python } from "./bots";
import { type Line, ownAddress, ownFolder } from "./place";
import { start } from "./process";
import { type Sound, readWav, writeTone } from "./sound";

export interface PjsipCall {
  line: Line;
  number: string;
  talkMs: number;
  toneHertz?: number;
  digits?: string;
  header?: [string, string];
  /** Seconds for Session-Expires and Min-SE; PJSIP refuses less than 90. */
  sessionExpires?: number;
  /** Demands PRACK. */
  reliable?: boolean;
}

export interface PjsipHeard {
  answered: boolean;
  hungUpHere: boolean;
  ended: { status: number; reason: string } | null;
  statuses: number[];
  challengedWith: string[];
  signedWith: string[];
  sessionExpires: string;
  refreshesSent: number;
  refreshesReceived: number;
  pracksSent: number;
  packets: { sent: number; received: number; lost: number };
  sound?: Sound;
}

export async function callWithPjsip(call: PjsipCall): Promise<PjsipHeard> {
  const folder = ownFolder("pjsip");
  const record = join(folder, "heard.wav");
  const given = args(call, folder, record);
  const run = start(python(), [join(__dirname, "pjsua.py"), ...given], { cwd: folder, limitMs: call.talkMs + 30_000 });
  const { output } = await run.finished;
  const line = output.split("\n").find((text) => text.startsWith("{"));
  if (line === undefined) throw new Error(`PJSIP gave no result:\n${output.slice(-4_000)}`);
  const told = JSON.parse(line) as Record<string, never>;
  return {
    answered: told.answered,
    hungUpHere: told.hung_up_here,
    ended: told.ended,
    statuses: told.statuses,
    challengedWith: told.challenged_with,
    signedWith: told.signed_with,
    sessionExpires: told.session_expires,
    refreshesSent: told.refreshes_sent,
    refreshesReceived: told.refreshes_received,
    pracksSent: told.pracks_sent,
    packets: told.packets,
    sound: existsSync(record) ? readWav(record) : undefined,
  };
}

function args(call: PjsipCall, folder: string, record: string): string[] {
  const { line } = call;
  const given = [
    "--uri", `sip:${call.number}@${line.endpoint}`,
    "--username", line.username,
    "--password", line.password,
    "--address", ownAddress(),
    "--transport", line.transport ?? "udp",
    "--talk", String(call.talkMs / 1_000),
    "--record", record,
  ];
  if (call.sessionExpires) given.push("--session-expires", String(call.sessionExpires));
  if (call.reliable) given.push("--reliable");
  if (call.header) given.push("--header", call.header.join(": "));
  if (call.digits) given.push("--digits", call.digits);
  if (call.toneHertz) {
    writeTone(join(folder, "says.wav"), call.toneHertz, 10);
    given.push("--play", join(folder, "says.wav"));
  }
  return given;
}
