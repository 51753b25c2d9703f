/** The main tasks without a pointer: every control is reached by Tab, and does what it does by Enter, Space or typing. */
import type { Locator, Page } from "@playwright/test";
import { expect, test } from "../fixtures/server";

const FRONT = "+14155550100";

class Hands {
  constructor(readonly page: Page) {}

  /** Tabs until this has the focus, as long as somebody patient would. */
  async reach(control: Locator): Promise<void> {
    await expect(control).toBeVisible();
    for (let steps = 0; steps < 150; steps++) {
      if (await control.evaluate((element) => element === document.activeElement)) return;
      await this.page.keyboard.press("Tab");
    }
    throw new Error(`${control} can't be reached by Tab`);
  }

  async press(control: Locator, key = "Enter"): Promise<void> {
    await this.reach(control);
    await this.page.keyboard.press(key);
  }

  async write(control: Locator, text: string): Promise<void> {
    await this.reach(control);
    await this.page.keyboard.press("Control+a");
    await this.page.keyboard.type(text);
  }
}

test("the eight main tasks are done by keyboard alone", async ({ admin }) => {
  test.setTimeout(120_000);
  const hands = new Hands(admin);
  const [main, button, link] = [
    admin.getByRole("main"),
    (name: string | RegExp) => admin.getByRole("main").getByRole("button", { name }).first(),
    (name: string | RegExp) => admin.getByRole("main").getByRole("link", { name }).first(),
  ];
  const title = (name: string) => expect(admin.getByRole("heading", { level: 1, name })).toBeVisible();
  const place = (name: string) => admin.getByRole("navigation").getByRole("link", { name, exact: true }).first();

  await test.step("the inbound trunk", async () => {
    await admin.goto("/");
    await hands.press(place("SIP"));
    await hands.press(button("Create inbound trunk"));
    await expect(admin.getByRole("status").filter({ hasText: "The inbound trunk is there" })).toBeVisible();
  });
  await test.step("its password", async () => {
    await hands.press(button("Reveal password"));
    await expect(main.locator(".copy-row-value", { hasText: /^[A-Za-z0-9]{20,}$/ }).first()).toBeVisible();
  });
  await test.step("a number", async () => {
    await hands.write(admin.getByLabel("Numbers, one per line"), FRONT);
    await hands.press(button("Add numbers"));
    await expect(admin.getByRole("status").filter({ hasText: /numbers? added/ })).toBeVisible();
  });
  await test.step("an agent", async () => {
    await hands.press(place("Agents"));
    await hands.press(link("New agent"));
    await hands.write(admin.getByLabel("Name", { exact: true }), "Front desk");
    await hands.press(admin.getByRole("group", { name: "Record calls" }).getByLabel("On"), "Space");
    await hands.press(button("Create agent"));
    await title("Front desk");
  });
  await test.step("which numbers it answers", async () => {
    await hands.write(admin.getByLabel("Add a number"), FRONT);
    await hands.press(button("Add"));
    await expect(main.getByRole("row", { name: /\+1 415 555 0100/ })).toBeVisible();
  });
  await test.step("an outbound trunk", async () => {
    await hands.press(place("SIP"));
    await hands.press(link("Add Outbound Trunk"));
    await hands.write(admin.getByLabel("Name", { exact: true }), "Acme");
    await hands.write(admin.getByLabel("SIP host"), "203.0.113.9");
    await hands.write(admin.getByLabel("Username"), "acme-77");
    await hands.write(admin.getByLabel("Password"), "correct horse");
    await hands.write(admin.getByLabel("Caller ID number"), FRONT);
    await hands.press(button(/^(Create|Add|Save)/));
    await title("Acme");
  });
  await test.step("a destination", async () => {
    await hands.press(place("Destinations"));
    await hands.press(link(/destination/i));
    await hands.write(admin.getByLabel("Name", { exact: true }), "Sales");
    await hands.write(admin.getByLabel("Phone number or SIP URI"), "+14155550177");
    await hands.press(button("Create destination"));
    await title("Sales");
  });
  await test.step("calls of one number", async () => {
    await hands.press(place("Inbox"));
    await hands.write(main.getByLabel("Number", { exact: true }), "0100");
    await hands.press(button("Filter"));
    await expect(admin).toHaveURL(/number=0100/);
  });
});
