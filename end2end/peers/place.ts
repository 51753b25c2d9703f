/** Where a peer lives in a test: its own loopback address and a folder of its own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Each worker has a network of its own; a second run beside this one starts elsewhere in it. */
const NETWORK = `127.0.${10 + (Number(process.env.TEST_PARALLEL_INDEX ?? "0") % 100)}`;
let next = process.pid % 240;
const rooms: string[] = [];

/** An address no other peer of this worker has had for the last 240. */
export function ownAddress(): string {
  next = (next + 1) % 240;
  return `${NETWORK}.${10 + next}`;
}

export function ownFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `patchbay-${name}-`));
  rooms.push(folder);
  return folder;
}

/** What a peer dials with: the three values of the SIP page and where to send them. */
export interface Line {
  /** `host:port` as the console shows it. */
  endpoint: string;
  username: string;
  password: string;
  transport?: "udp" | "tcp";
}

/** Folders of failed tests stay when `PATCHBAY_KEEP` is set. */
export function clearFolders(): void {
  if (process.env.PATCHBAY_KEEP) return;
  for (const folder of rooms.splice(0)) rmSync(folder, { recursive: true, force: true });
}
