const DEADLINE_MS = 60_000;
const INTERVAL_MS = 50;

/** The first true value of `condition()`; fails with `what` after the deadline. */
export async function until(what, condition, deadline = DEADLINE_MS) {
  const end = performance.now() + deadline;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > end) throw new Error(`waited ${deadline / 1000} s in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
  }
}
