/** Settings → Webhooks, by its names. */
import { type Locator, type Page, expect } from "@playwright/test";

export class Webhooks {
  readonly table: Locator;
  readonly deliveries: Locator;

  constructor(readonly page: Page) {
    this.table = page.getByRole("table", { name: "Webhooks" });
    this.deliveries = page.getByRole("region", { name: "Deliveries", exact: true });
  }

  async open(): Promise<void> {
    await this.page.goto("/settings/webhooks");
    await expect(this.page.getByRole("heading", { level: 1, name: "Webhooks" })).toBeVisible();
  }

  /** The page of the one there is. */
  async openOnly(): Promise<void> {
    await this.open();
    await this.table.getByRole("link").first().click();
    await expect(this.deliveries).toBeVisible();
  }

  /** Asks for one that is told of these; answers its secret, if it was made. */
  async create(url: string, events: string[]): Promise<string> {
    const { page } = this;
    const add = page.getByRole("button", { name: "Add webhook" });
    if (!(await add.isVisible())) await page.getByText("Add webhook").first().click();
    await page.getByLabel("Address").fill(url);
    for (const box of await page.getByRole("group", { name: "Events" }).getByRole("checkbox").all()) {
      await box.setChecked(events.includes((await box.inputValue()) ?? ""));
    }
    await add.click();
    return events.length ? this.told() : "";
  }

  async renew(): Promise<string> {
    await this.page.getByRole("button", { name: "Make a new secret" }).click();
    return this.told();
  }

  /** The deliveries of one state. */
  async show(state: string): Promise<void> {
    await this.deliveries.getByRole("link", { name: state, exact: true }).click();
  }

  private async told(): Promise<string> {
    const value = this.page.locator('[data-value="Signing secret"]');
    await expect(value).toBeVisible();
    return (await value.textContent())?.trim() ?? "";
  }
}
