import { executorOf } from '../publish/batch';
import { runnerOf } from '../publish/run';
import { push } from './verb';

/** Publishes one image. */
export default executorOf(runnerOf(push));
