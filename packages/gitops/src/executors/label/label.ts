import { executorOf } from '../publish/batch';
import { label } from './verb';

/** Gives one image its version. */
export default executorOf(label);
