// Pictures for the README, written where MEMLEAK_PICTURES says; nothing is written without it.
import path from "node:path";

export async function picture(page, name, {width, height}) {
  const folder = process.env.MEMLEAK_PICTURES;
  if (!folder) return;
  await page.setViewportSize({width, height});
  await page.evaluate(() => scrollTo(0, 0));
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  await page.screenshot({path: path.join(folder, `${name}.png`)});
}
