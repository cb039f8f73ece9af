import { GitopsError } from '../../support/errors';

const NAMES = new Set(
  `ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP
   TSTP TTIN TTOU UNUSED URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX`.split(/\s+/),
);
const MAX_SIGNAL = 64;

/**
 * STOPSIGNAL's word, checked as the Engine checks it, and kept as written.
 * @throws GitopsError for what Linux does not know
 */
export function stopSignal(text: string): string {
  const name = text.toUpperCase().replace(/^SIG/, '');
  const realTime = /^RT(MIN\+|MAX-)\d{1,2}$/.test(name);
  const number = /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= MAX_SIGNAL;
  if (NAMES.has(name) || realTime || number) return text;
  throw new GitopsError(
    `STOPSIGNAL ${text} is no signal of Linux`,
    undefined,
    'use a name such as SIGTERM, or a number',
  );
}
