import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { withLock } from '../../src/support/lock';

/**
 * A process that wants a lock: `hold <lock>` keeps it until it is killed; `exit <lock>` ends with it; `count <lock> <counter> <contenders>` adds
 * one to the counter for each contender, and loses some wherever two do so at once.
 */
async function main([what, lock, counter, contenders]: string[]): Promise<void> {
  if (what === 'hold') {
    await withLock(lock!, () => {
      process.send!('held');
      return sleep(60_000);
    });
  }
  if (what === 'exit') await withLock(lock!, async () => process.exit(3));
  const one = () =>
    withLock(lock!, async () => {
      const count = Number(readFileSync(counter!, 'utf8'));
      await sleep(1);
      writeFileSync(counter!, String(count + 1));
    });
  await Promise.all(Array.from({ length: Number(contenders) }, one));
}

void main(process.argv.slice(2)).then(() => process.disconnect());
