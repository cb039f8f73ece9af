import { StoreError } from './store-error';

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left on the device',
  EDQUOT: 'the disk quota is used up',
  ENOTDIR: 'a part of the path is a file',
  EISDIR: 'it is a directory',
  ENAMETOOLONG: 'the path is too long',
};

const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: 'make room there, and try again',
  EDQUOT: 'make room there, and try again',
};

/** Does what is passed, with what a user can mend as a message. */
export function mapped<T>(path: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw fileError(error, path);
  }
}

/** The error of a file operation as a StoreError `unavailable`, where it is no fault of ours. */
export function fileError(error: unknown, path: string): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? '';
  const reason = REASONS[code];
  return reason ? new StoreError('unavailable', `${path} cannot be used: ${reason}`, REMEDIES[code]) : error;
}

/** Whether the error says that there is no such file. */
export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
}
