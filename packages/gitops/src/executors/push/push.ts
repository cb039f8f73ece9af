import { executorOf } from '../publish/batch';
import { push } from './verb';

/** Publishes one image. */
export default executorOf(push);
