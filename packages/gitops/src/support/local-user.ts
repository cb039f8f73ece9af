import { userInfo } from 'node:os';

/** The name of the user whose process this is; in a container that knows none, the number. */
export function localUser(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
