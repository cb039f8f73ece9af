import { executorOf } from '../publish/batch';
import { runnerOf } from '../publish/run';
import { label } from './verb';

/** Gives one image its version. */
export default executorOf(runnerOf(label));
