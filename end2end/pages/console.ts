/** The console as a person walks it: places by their names, things by their labels. */
import { type Locator, type Page, expect } from "@playwright/test";
import type { Line } from "../peers/place";

export interface NewAgent {
  name: string;
  firstMessage?: string;
  record?: boolean;
  /** Off where a peer sends sound from the first moment: the greeting would be cut off. */
  interruptible?: boolean;
}

export class Console {
  constructor(readonly page: Page) {}

  // === Settings → SIP ===

  async createTrunk(): Promise<void> {
    await this.page.goto("/settings/sip");
    await this.page.getByRole("button", { name: "Create inbound trunk" }).click();
    await expect(this.page.getByRole("status").filter({ hasText: "The inbound trunk is there" })).toBeVisible();
  }

  /** The three values, read off the page as an operator copies them. */
  async threeValues(): Promise<Line> {
    await this.page.goto("/settings/sip");
    const connection = this.page.getByRole("region", { name: "Connection" });
    const value = (name: string): Locator => connection.locator(`[data-value="${name}"]`).first();
    const endpoint = (await value("SIP endpoint").textContent()) ?? "";
    const username = (await value("Username").textContent()) ?? "";
    await connection.getByRole("button", { name: "Reveal password" }).click();
    const dots = connection.locator(".copy-row-value", { hasText: /^[A-Za-z0-9]{20,}$/ });
    await expect(dots).toBeVisible();
    const password = (await dots.textContent()) ?? "";
    return { endpoint: endpoint.trim(), username: username.trim(), password: password.trim() };
  }

  async addNumbers(...numbers: string[]): Promise<void> {
    await this.page.goto("/settings/sip");
    await this.page.getByLabel("Numbers, one per line").fill(numbers.join("\n"));
    await this.page.getByRole("button", { name: "Add numbers" }).click();
    if (numbers.length > 1) await this.page.getByRole("button", { name: `Add ${numbers.length} numbers` }).click();
    await expect(this.page.getByRole("status").filter({ hasText: /numbers? added/ })).toBeVisible();
  }

  // === Channels → Phone → Agents ===

  /** Makes an agent and answers its id. */
  async createAgent({ name, firstMessage, record = false, interruptible = true }: NewAgent): Promise<string> {
    const { page } = this;
    await page.goto("/channels/phone/agents");
    await page.getByRole("main").getByRole("link", { name: "New agent" }).first().click();
    await page.getByLabel("Name", { exact: true }).fill(name);
    if (firstMessage) await page.getByLabel(/^First message/).fill(firstMessage);
    await page.getByRole("group", { name: "Record calls" }).getByLabel(record ? "On" : "Off").check();
    await page.getByRole("button", { name: "Create agent" }).click();
    await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
    const id = new URL(page.url()).pathname.split("/").pop() ?? "";
    if (!interruptible) {
      await page.getByRole("group", { name: "Callers may talk over it" }).getByLabel("Off").check();
      await page.getByRole("button", { name: "Save changes" }).click();
      await expect(page.getByRole("status").filter({ hasText: "Saved" })).toBeVisible();
    }
    return id;
  }

  async assign(agent: string, number: string): Promise<void> {
    await this.page.goto(`/channels/phone/agents/${agent}`);
    await this.page.getByLabel("Add a number").fill(number);
    await this.page.getByRole("button", { name: "Add", exact: true }).click();
  }

  async makeDefault(agent: string): Promise<void> {
    await this.page.goto(`/channels/phone/agents/${agent}`);
    await this.page.getByRole("group", { name: "Default agent" }).getByLabel("On").check();
    await this.page.getByRole("button", { name: "Save changes" }).click();
    await expect(this.page.getByRole("status").filter({ hasText: "Saved" })).toBeVisible();
  }

  // === Inbox ===

  /** The newest call of a view, opened. */
  /** The newest call of a view, once it is there: rows are written behind the SIP path. */
  async openNewest(view = "calls", says: string | RegExp = "Call from"): Promise<void> {
    await expect(async () => {
      await this.page.goto(`/inbox?view=${view}`);
      await this.page.getByRole("table", { name: "Calls" }).getByRole("row").nth(1).getByRole("link").first().click({ timeout: 2_000 });
      await expect(this.page.getByRole("main")).toContainText(says, { timeout: 2_000 });
    }).toPass({ timeout: 20_000 });
    await expect(this.page.getByRole("heading", { level: 1 })).toContainText("Call from");
  }

  part(name: string): Locator {
    return this.page.getByRole("region", { name, exact: true });
  }
}
