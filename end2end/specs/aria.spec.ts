/**
 * Pages as a screen reader meets them: roles, names and their order. The pictures in words are beside this file;
 * `playwright test aria --update-snapshots` writes them anew, and a reviewer reads the difference.
 */
import { Console } from "../pages/console";
import { expect, test } from "../fixtures/server";

test.use({ settings: { PATCHBAY_SIP__EXTERNAL_HOST: "sip.example.com" } });

const PAGES: [name: string, path: string][] = [
  ["agents", "/channels/phone/agents"],
  ["new-agent", "/channels/phone/agents/new"],
  ["numbers", "/channels/phone/numbers"],
  ["search", "/search?q=new agent"],
  ["troubleshooting", "/troubleshooting?q=registration"],
  ["account", "/account"],
  ["not-found", "/nope"],
];

test("each page reads aloud as it did", async ({ admin }) => {
  test.setTimeout(180_000);
  const walk = new Console(admin);
  await admin.goto("/settings/access");
  await expect(admin.getByRole("main")).toMatchAriaSnapshot({ name: "access.aria.yml" });
  await expect(admin.getByRole("navigation", { name: "Main" })).toMatchAriaSnapshot({ name: "navigation.aria.yml" });
  await admin.goto("/settings/sip");
  await expect(admin.getByRole("main")).toMatchAriaSnapshot({ name: "sip-empty.aria.yml" });
  await walk.createTrunk();
  await walk.addNumbers("+14155550100");
  await walk.createAgent({ name: "Front desk" });
  for (const [name, path] of PAGES) {
    await admin.goto(path);
    await expect.soft(admin.getByRole("main"), path).toMatchAriaSnapshot({ name: `${name}.aria.yml` });
  }
});
