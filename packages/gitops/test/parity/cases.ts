import { addCases } from './cases/add';
import type { ParityCase } from './cases/case';
import { configCases } from './cases/config';
import { copyCases } from './cases/copy';
import { heredocCases } from './cases/heredoc';
import { ignoreCases } from './cases/ignore';
import { ownerCases } from './cases/owner';
import { stageCases } from './cases/stages';

export type { Difference, ParityCase } from './cases/case';
export { writeContext } from './context';

/** Every case; what each must become is in truth.json, by its name. None has a RUN. */
export const cases: readonly ParityCase[] = [
  ...copyCases,
  ...ownerCases,
  ...addCases,
  ...stageCases,
  ...configCases,
  ...ignoreCases,
  ...heredocCases,
];
