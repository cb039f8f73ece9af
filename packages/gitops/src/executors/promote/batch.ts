import { batchOf } from '../publish/batch';
import { promoteTasks } from './run';

/** Moves the versions of the images of a run from ring to ring, all together. */
export default batchOf(promoteTasks);
