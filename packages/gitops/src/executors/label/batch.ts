import { batchOf } from '../publish/batch';
import { label } from './verb';

/** Gives the images of a run their versions. */
export default batchOf(label);
