import { executorOf } from '../publish/batch';
import { promoteTasks } from './run';

/** Moves the version of one image, and of all that it depends on, from ring to ring. */
export default executorOf(promoteTasks);
