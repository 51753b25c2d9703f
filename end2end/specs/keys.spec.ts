/** By keyboard alone: the palette, the list of shortcuts, moving in lists; and search without JavaScript. */
import type { Page } from "@playwright/test";
import { Console } from "../pages/console";
import { expect, test } from "../fixtures/server";

/** Keys count once the page is awake. */
const awake = (page: Page): Promise<void> => page.locator("html[data-awake]").waitFor({ state: "attached" });

test("Ctrl K finds an agent by its name and opens it", async ({ admin }) => {
  const walk = new Console(admin);
  const name = `<b>Front</b> "desk"`;
  await walk.createAgent({ name });
  await admin.goto("/inbox");
  await awake(admin);
  await admin.keyboard.press("Control+k");
  const palette = admin.getByRole("dialog", { name: "Go to anything" });
  const field = palette.getByRole("combobox", { name: "Page, agent, number or caller" });
  await expect(field).toBeFocused();
  await field.fill("front");
  const options = palette.getByRole("option");
  await expect(options).toHaveCount(1);
  await expect(options.first()).toContainText(name);
  await expect(options.first()).toHaveAttribute("aria-selected", "true");
  await admin.keyboard.press("Enter");
  await expect(admin.getByRole("heading", { level: 1 })).toHaveText(name);
});

test("the palette lists pages, moves with arrows, says when nothing matches, closes", async ({ admin }) => {
  await admin.goto("/");
  await awake(admin);
  await admin.keyboard.press("Control+k");
  const palette = admin.getByRole("dialog", { name: "Go to anything" });
  await palette.getByRole("combobox").fill("a");
  await expect(palette.getByRole("option").nth(1)).toBeVisible();
  await admin.keyboard.press("ArrowDown");
  await expect(palette.getByRole("option").nth(1)).toHaveAttribute("aria-selected", "true");
  await palette.getByRole("combobox").fill("nothing is called so");
  await expect(palette.getByRole("status")).toHaveText("Nothing matches.");
  await admin.keyboard.press("Escape");
  await expect(palette).toBeHidden();
});

test("single keys go places, step through rows, and are still while one types", async ({ admin }) => {
  const walk = new Console(admin);
  await walk.createAgent({ name: "Alpha" });
  await walk.createAgent({ name: "Beta" });
  await admin.goto("/");
  await awake(admin);
  await admin.keyboard.press("?");
  const list = admin.getByRole("dialog", { name: "Keyboard shortcuts" });
  await expect(list).toBeVisible();
  await list.getByRole("button", { name: "Close" }).click();
  await admin.keyboard.press("g");
  await admin.keyboard.press("a");
  await expect(admin.getByRole("heading", { level: 1, name: "Agents" })).toBeVisible();
  await awake(admin);
  await admin.keyboard.press("j");
  await admin.keyboard.press("j");
  await expect(admin.getByRole("link", { name: "Beta" })).toBeFocused();
  await admin.keyboard.press("k");
  await admin.keyboard.press("Enter");
  await expect(admin.getByRole("heading", { level: 1, name: "Alpha" })).toBeVisible();
  await awake(admin);
  await admin.getByLabel("Name", { exact: true }).focus();
  await admin.keyboard.type("?gi");
  await expect(admin.getByLabel("Name", { exact: true })).toHaveValue(/\?gi/);
  await admin.goto("/channels/phone/numbers");
  await awake(admin);
  await admin.keyboard.press("/");
  await expect(admin.getByLabel("Number or label")).toBeFocused();
});

test("search is a page too @both", async ({ admin }) => {
  const walk = new Console(admin);
  await walk.createTrunk();
  await walk.addNumbers("+14155550100");
  await admin.goto("/search?q=555");
  const main = admin.getByRole("main");
  await expect(main.getByRole("link", { name: "+1 415 555 0100" })).toBeVisible();
  await main.getByLabel("Page, agent, number or caller").fill("audit");
  await main.getByRole("button", { name: "Find" }).click();
  await main.getByRole("link", { name: "Audit" }).click();
  await expect(admin.getByRole("heading", { level: 1, name: "Audit" })).toBeVisible();
});

test("single keys can be switched off in Account", async ({ admin }) => {
  await admin.goto("/account");
  await admin.getByRole("group", { name: "Single-key shortcuts" }).getByLabel("Off").check();
  await admin.getByRole("region", { name: "Preferences" }).getByRole("button", { name: "Save changes" }).click();
  await expect(admin.getByRole("status").filter({ hasText: "Saved." })).toBeVisible();
  await awake(admin);
  await admin.keyboard.press("?");
  await admin.keyboard.press("Control+k");
  await expect(admin.getByRole("dialog", { name: "Go to anything" })).toBeVisible();
  await expect(admin.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeHidden();
});
