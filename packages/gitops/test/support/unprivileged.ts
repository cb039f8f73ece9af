/** Runs `work` as somebody who may not read everything: root may, whatever the modes say. */
export function unprivileged<T>(work: () => T): T {
  if (process.geteuid!() !== 0) return work();
  const nobody = 65534;
  process.seteuid!(nobody);
  try {
    return work();
  } finally {
    process.seteuid!(0);
  }
}

/** Whether owners of files can be changed. */
export const isRoot = process.geteuid!() === 0;
