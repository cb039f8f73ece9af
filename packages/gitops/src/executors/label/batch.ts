import { batchOf } from '../publish/batch';
import { runnerOf } from '../publish/run';
import { label } from './verb';

/** Gives the images of a run their versions. */
export default batchOf(runnerOf(label));
