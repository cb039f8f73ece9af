import { createHash } from 'node:crypto';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Content, Entry, Tree } from '../../../filetree/entry';
import { FIXED_TIME } from '../../../filetree/tar/header';
import { neededFiles } from './follow-paths';
import { PACKET, PacketType } from './messages';
import type { Message } from './protobuf';
import type { Service } from './service';

type Call = ServerDuplexStream<Message, Message>;

/** Far below the 4 MiB that a gRPC message may have, and large enough for few messages. */
const CHUNK = 256 * 1024;
const NOT_FOUND = 5;
const UNKNOWN = 2;

const GO_MODE = {
  directory: 0x8000_0000,
  symlink: 0x0800_0000,
  setuid: 1 << 23,
  setgid: 1 << 22,
  sticky: 1 << 20,
};

/** What has files for the engine, once it asks for them. */
export type Directory = () => Promise<Tree>;

/**
 * Gives the engine the files it asks for: first what there is, then the bytes of just those files that it
 * does not have from an earlier build.
 * @param directories by the name that the frontend uses: `context`, `dockerfile`
 */
export function fileSync(directories: Readonly<Record<string, Directory>>): Service {
  return {
    name: 'moby.filesync.v1.FileSync',
    methods: {
      DiffCopy: {
        request: PACKET,
        response: PACKET,
        stream: true,
        handle: (call: Call) => {
          const name = metadata(call, 'dir-name')[0] ?? '';
          const directory = directories[name];
          if (!directory) return fail(call, NOT_FOUND, `there is no directory ${name} in this session`);
          void new Transfer(call, directory, metadata(call, 'followpaths')).run();
        },
      },
    },
  };
}

/** One exchange: all stats go out, in between the engine asks for contents, at the end both sides say so. */
class Transfer {
  private readonly files: (Content | undefined)[] = [];
  private readonly requests: number[] = [];
  private sending: Promise<void> | undefined;
  private over = false;
  /** Those who wait for room in the stream. */
  private waiting: (() => void)[] = [];

  constructor(
    private readonly call: Call,
    private readonly directory: Directory,
    private readonly paths: readonly string[],
  ) {}

  async run(): Promise<void> {
    this.call.on('data', (packet: Message) => this.receive(packet));
    this.call.on('drain', () => this.wake());
    for (const end of ['cancelled', 'error', 'close']) this.call.on(end, () => this.stop());
    try {
      for (const entry of neededFiles(await this.directory(), this.paths)) {
        if (this.over) return;
        this.files.push(entry.content);
        await this.send({ type: PacketType.STAT, stat: statOf(entry) });
      }
      await this.send({ type: PacketType.STAT });
    } catch (error) {
      this.fail(error);
    }
  }

  private receive(packet: Message): void {
    switch (packet['type'] ?? PacketType.STAT) {
      case PacketType.REQUEST:
        this.requests.push(packet['id'] ?? 0);
        this.sending ??= this.sendFiles().catch((error: unknown) => this.fail(error));
        return;
      case PacketType.FINISH:
        this.stop();
        this.call.write({ type: PacketType.FINISH });
        this.call.end();
        return;
      case PacketType.ERROR:
        // The engine reports the same in the build's own stream.
        this.stop();
        this.call.end();
    }
  }

  private async sendFiles(): Promise<void> {
    for (let id = this.requests.shift(); id !== undefined && !this.over; id = this.requests.shift()) {
      for (const chunk of this.files[id]?.chunks() ?? []) {
        for (let at = 0; at < chunk.length; at += CHUNK) {
          if (this.over) return;
          // A copy, since the packet may wait in the stream while the chunk's memory is used for the next one.
          await this.send({ type: PacketType.DATA, id, data: Buffer.from(chunk.subarray(at, at + CHUNK)) });
        }
      }
      await this.send({ type: PacketType.DATA, id });
    }
    this.sending = undefined;
  }

  private async send(packet: Message): Promise<void> {
    if (this.over || this.call.write(packet)) return;
    await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  private wake(): void {
    const waiting = this.waiting;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** A call that is over never drains: who waits would wait for ever. */
  private stop(): void {
    this.over = true;
    this.wake();
  }

  private fail(error: unknown): void {
    if (this.over) return;
    this.stop();
    fail(this.call, UNKNOWN, error instanceof Error ? error.message : String(error));
  }
}

function statOf(entry: Entry): Message {
  return {
    path: entry.path,
    mode: goMode(entry),
    uid: entry.uid,
    gid: entry.gid,
    size: entry.content?.size ?? 0,
    modTime: modificationTime(entry),
    linkname: entry.link ?? '',
  };
}

function goMode({ type, mode }: Entry): number {
  let bits = mode & 0o777;
  if (mode & 0o4000) bits += GO_MODE.setuid;
  if (mode & 0o2000) bits += GO_MODE.setgid;
  if (mode & 0o1000) bits += GO_MODE.sticky;
  if (type === 'directory') bits += GO_MODE.directory;
  if (type === 'symlink') bits += GO_MODE.symlink;
  return bits;
}

/**
 * The engine takes a file for unchanged when size, mode and time are, and then does not ask for its bytes. So the
 * time has to change with the content, and must not depend on the machine: the fraction of a second, which no
 * layer records, is made of the content's identity.
 */
function modificationTime({ content }: Entry): bigint {
  const fraction = content ? createHash('sha256').update(content.identity).digest().readUInt32BE() % 1e9 : 0;
  return BigInt(FIXED_TIME) * 1_000_000_000n + BigInt(fraction);
}

/**
 * Newer engines encode values that are not ASCII as in a query string, and say so in a key of its own. Of older ones
 * such values never arrive: then nothing narrows down what is needed, and all files are offered.
 */
function metadata(call: Call, key: string): string[] {
  const values = call.metadata.get(key).flatMap((value) => splitJoined(String(value)));
  if (call.metadata.get(`${key}-encoded`).length === 0) return values;
  return values.map((value) => decodeURIComponent(value.replaceAll('+', ' ')));
}

/** How many commas a path may have in its name. */
const MAX_COMMAS = 3;

/**
 * HTTP joins the values of a repeated header with commas, which paths may have too. So every way to read them is
 * taken: a path that does not exist is no harm.
 */
function splitJoined(value: string): string[] {
  const parts = value.split(', ');
  return parts.flatMap((_, start) =>
    parts
      .slice(start, start + 1 + MAX_COMMAS)
      .map((_part, length) => parts.slice(start, start + length + 1).join(', ')),
  );
}

function fail(call: Call, code: number, details: string): void {
  call.emit('error', { code, details });
}
