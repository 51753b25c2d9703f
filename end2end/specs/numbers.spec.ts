/** More numbers than a page shows: the trunk's and an agent's are searched and paged, and those found taken off. */
import type { Page } from "@playwright/test";
import { Console } from "../pages/console";
import { type Server, expect, test } from "../fixtures/server";

const numbers = (count: number): string[] => Array.from({ length: count }, (_, at) => `+1415555${String(1_000 + at)}`);

async function give(server: Server, agent: string, phoneNumbers: string[]): Promise<void> {
  const answer = await fetch(`${server.url}/api/phone/sip/agents/${agent}`, {
    method: "PATCH",
    headers: { authorization: `Bearer ${server.key()}`, "content-type": "application/json" },
    body: JSON.stringify({ phone_numbers: phoneNumbers }),
  });
  expect(answer.ok, await answer.text()).toBe(true);
}

async function find(page: Page, part: ReturnType<Console["part"]>, what: string): Promise<void> {
  await part.getByRole("search").getByRole("textbox").fill(what);
  await part.getByRole("search").getByRole("button", { name: "Find" }).click();
  await page.waitForURL(/q=/);
}

test("of thirty numbers the trunk and the agent show the first, find any, and let go of it @both", async ({ admin, server }) => {
  test.setTimeout(90_000);
  const walk = new Console(admin);
  await walk.createTrunk();
  const all = numbers(30);
  await walk.addNumbers(...all);
  const agent = await walk.createAgent({ name: "Front desk" });
  await give(server, agent, all);

  // === the trunk ===
  await admin.goto("/settings/sip");
  const part = walk.part("Phone Numbers (DID)");
  const rows = part.getByRole("table", { name: "Phone Numbers (DID)" }).getByRole("row");
  await expect(rows).toHaveCount(1 + 10);
  await expect(part).toContainText("The first 10 of 30");
  await expect(part.getByRole("link", { name: "Show all 30" })).toHaveAttribute("href", /show=trunk/);
  await find(admin, part, "555-1027");
  await expect(rows).toHaveCount(1 + 1);
  await expect(part).toContainText("1 number");
  await part.getByRole("link", { name: "Remove +1 415 555 1027" }).click();
  await expect(admin.locator("#question")).toContainText("It is answered by Front desk.");
  await admin.locator("#question").getByRole("button", { name: "Remove number" }).click();
  await expect(admin.getByRole("status").filter({ hasText: "+1 415 555 1027" })).toBeVisible();
  await expect(part).toContainText("The first 10 of 29");
  await find(admin, part, "1027");
  await expect(part).toContainText("No numbers match.");
  await part.getByRole("link", { name: "Clear filters" }).click();
  await expect(part).toContainText("The first 10 of 29");
  await find(admin, part, "55510");
  await expect(part).toContainText("The first that match");
  await part.getByRole("link", { name: "Show all that match" }).click();
  await expect(admin.getByRole("heading", { level: 1, name: "Numbers" })).toBeVisible();
  await expect(admin.getByRole("main")).toContainText("25 numbers on this page");

  // === the agent ===
  await admin.goto(`/channels/phone/agents/${agent}`);
  await expect(admin.getByRole("main")).toContainText("Answers 30 numbers");
  const routing = walk.part("Telephony & Routing");
  const answered = routing.getByRole("table", { name: "Inbound numbers" }).getByRole("row");
  await expect(answered).toHaveCount(1 + 25);
  await routing.getByRole("link", { name: "Next page" }).click();
  await expect(answered).toHaveCount(1 + 5);
  await find(admin, routing, "1028");
  await expect(answered).toHaveCount(1 + 1);
  await routing.getByRole("button", { name: "Remove +1 415 555 1028" }).click();
  await expect(admin.getByRole("main")).toContainText("Answers 29 numbers");

  // Back, from whoever holds it now.
  const sales = await walk.createAgent({ name: "Sales" });
  await walk.assign(sales, all[29]!);
  await expect(admin.locator("#question")).toContainText("is answered by Front desk");
  await admin.locator("#question").getByRole("button", { name: "Move number" }).click();
  await expect(admin.getByRole("main")).toContainText("Answers 1 number");
  await expect(routing.getByRole("search")).toHaveCount(0);
});
