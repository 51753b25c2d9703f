/** Where a peer lives in a test: its own loopback address and a folder of its own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

let next = 10 + (Number(process.env.TEST_PARALLEL_INDEX ?? "0") % 20) * 10;
const rooms: string[] = [];

/** An address no other peer of this worker has: 127.0.1.x, by worker. */
export function ownAddress(): string {
  next = next >= 250 ? 10 : next + 1;
  return `127.0.1.${next}`;
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
