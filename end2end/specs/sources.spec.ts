/** Who did not get in: turned away, shown with why, and let in again, on the page and by the API. */
import { Console } from "../pages/console";
import { clearFolders, ownAddress } from "../peers/place";
import { dialWithSipp } from "../peers/sipp";
import { type Server, expect, test } from "../fixtures/server";

const FRONT = "+14155550100";
test.afterAll(clearFolders);
test.use({ settings: { PATCHBAY_SIP__GUARD__BAN_AFTER: "2" } });

/** The sources as a script asks for them, or with a path what it does to one. */
async function ask(server: Server, key: string, path = ""): Promise<Response> {
  const method = path ? "POST" : "GET";
  return fetch(`${server.url}/api/phone/sip/sources${path}`, { method, headers: { authorization: `Bearer ${key}` } });
}

test("a source that guesses passwords is blocked, shown, and let in again @both", async ({ admin, server }) => {
  const walk = new Console(admin);
  await walk.createTrunk();
  const line = await walk.threeValues();
  await walk.addNumbers(FRONT);
  const agent = await walk.createAgent({ name: "Front desk" });
  await walk.assign(agent, FRONT);
  const [from, wrong] = [ownAddress(), { ...line, password: "wrong" }];
  const dial = (as = line, patienceMs?: number) => dialWithSipp({ line: as, number: FRONT, from, patienceMs, holdMs: 100 });
  const getBlocked = async (): Promise<void> => {
    for (let tries = 0; tries < 2; tries += 1) expect((await dial(wrong)).statuses).toEqual([401, 401]);
    expect((await dial(line, 3_000)).statuses, "blocked: not even a challenge").toEqual([]);
  };

  await getBlocked();
  const key = server.key("sip:read", "sip:write");
  const { items: [source, ...rest] } = await (await ask(server, key)).json();
  expect(rest).toEqual([]);
  expect(source).toMatchObject({ ip: from, software: "SIPp", dialled: FRONT, dialled_ours: true, reason: "wrong_password" });
  expect(source.tries).toBe(2);
  expect(Date.parse(source.blocked_until)).toBeGreaterThan(Date.now());
  await admin.goto("/settings/sip#others");
  const row = walk.part("Did not get in").getByRole("row", { name: from });
  const said = ["SIPp", FRONT, "Wrong password (401)", `Tries${source.tries}`, "just now", "Unblock"];
  await expect(row.getByRole("cell")).toContainText([/Blocked until \d\d:\d\d/, ...said]);
  await row.getByRole("button", { name: "Unblock" }).click();
  await expect(admin.getByRole("status").filter({ hasText: "The address may try again." })).toBeVisible();
  await expect(row).toBeVisible();
  await expect(row).not.toContainText("Blocked until");
  expect((await dial()).status).toBe(200);
  await admin.goto("/settings/sip");
  await expect(row, "who got in is no stranger").toHaveCount(0);

  await getBlocked();
  const unblocked = await ask(server, key, `/${from}/unblock`);
  expect(await unblocked.json()).toMatchObject({ ip: from, reason: "wrong_password", blocked_until: null });
  expect((await dial()).status).toBe(200);
});
