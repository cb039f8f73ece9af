import { batchOf } from '../publish/batch';
import { runnerOf } from '../publish/run';
import { push } from './verb';

/** Publishes the images of a run: their versions are claimed together. */
export default batchOf(runnerOf(push));
