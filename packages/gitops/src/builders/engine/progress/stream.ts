import { GitopsError } from '../../../support/errors';

/** One line of what the engine answers to a build, a load, a pull or a push. */
export interface EngineMessage {
  /** Text for the user, as the classic builder writes it. */
  readonly stream?: string;
  readonly status?: string;
  readonly id?: string;
  /** The image's id, or (BuildKit) a trace in base64. */
  readonly aux?: string | { readonly ID?: string };
  readonly error?: string;
  readonly errorDetail?: { readonly code?: number; readonly message?: string };
}

/**
 * The messages of an engine's answer, one JSON object a line.
 * @throws GitopsError where the engine goes away in the middle
 */
export async function* engineMessages(stream: AsyncIterable<Buffer | string>): AsyncGenerator<EngineMessage> {
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const chunk of stream) {
      const lines = (
        rest + (typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }))
      ).split('\n');
      rest = lines.pop()!;
      for (const line of lines) if (line.trim()) yield JSON.parse(line) as EngineMessage;
    }
    if (rest.trim()) yield JSON.parse(rest) as EngineMessage;
  } catch (error) {
    if (error instanceof GitopsError || (error as Error).name === 'AbortError') throw error;
    throw new GitopsError(
      `the engine went away in the middle of its work (${(error as Error).message})`,
      undefined,
      'see whether it is still running, then try again',
    );
  }
}

/** What went wrong according to a message; undefined for all others. An engine answers 200 to failed builds too. */
export function errorOf(message: EngineMessage): string | undefined {
  return message.errorDetail?.message ?? message.error;
}

/**
 * Reads an answer of which only success or failure matters: to a load or a push.
 * @returns the messages
 * @throws GitopsError `what` and the engine's reason
 */
export async function finished(
  stream: AsyncIterable<Buffer | string>,
  what: string,
): Promise<EngineMessage[]> {
  const messages: EngineMessage[] = [];
  for await (const message of engineMessages(stream)) {
    const error = errorOf(message);
    if (error !== undefined) throw new GitopsError(`${what}: ${error.trim()}`);
    messages.push(message);
  }
  return messages;
}
