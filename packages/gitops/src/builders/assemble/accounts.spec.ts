import { dir, file, symlink } from '../../../test/support/entries';
import { MapTree } from '../../../test/support/map-tree';
import { GitopsError } from '../../support/errors';
import { findOwner } from './accounts';

const PASSWD = `root:x:0:0:root:/root:/bin/sh
app:x:1000:2000::/home/app:/bin/false

# a comment
short
bad:x:one:two:::
large:x:4294967296:1:::
1234:x:7:8:a name of digits::
app:x:5:5:the second of its name::
`;
const GROUP = 'root:x:0:\nstaff:x:50:app,x\napp:x:2000:\nshort\nbad:x:one:\n';

const image = new MapTree([file('etc/passwd', PASSWD), file('etc/group', GROUP)]);
const linked = new MapTree([
  file('usr/etc/passwd', PASSWD),
  symlink('etc/passwd', '../usr/etc/passwd'),
  symlink('etc/group', '/nowhere'),
]);
const empty = new MapTree([]);
const odd = new MapTree([dir('etc/passwd')]);

const own = (text: string, tree: MapTree): string => {
  const { uid, gid } = findOwner(text, tree);
  return `${uid}:${gid}`;
};

describe('findOwner', () => {
  it.each<[name: string, tree: MapTree, text: string, owner: string]>([
    ['nobody is root', image, '', '0:0'],
    ['a name brings its group', image, 'app', '1000:2000'],
    ['a name and a group', image, 'app:staff', '1000:50'],
    ['a name and a number', image, 'app:7', '1000:7'],
    ['a name and an empty group', image, 'app:', '1000:0'],
    ['a number is its own group', image, '1000', '1000:1000'],
    ['a number that is a name is a number', image, '1234', '1234:1234'],
    ['a number and a name', image, '7:staff', '7:50'],
    ['a group alone', image, ':staff', '0:50'],
    ['the largest number', image, '4294967295', '4294967295:4294967295'],
    ['root, with what the image says', image, 'root:root', '0:0'],
    ['root of an image that knows nobody', empty, 'root:root', '0:0'],
    ['a number of an image that knows nobody', empty, '12:34', '12:34'],
    ['a passwd behind a link', linked, 'app', '1000:2000'],
    ['a passwd that is no file', odd, 'root', '0:0'],
  ])('%s', (_name, tree, text, owner) => {
    expect(own(text, tree)).toBe(owner);
  });

  it.each<[name: string, tree: MapTree, text: string, message: string]>([
    [
      'a name that is not there',
      image,
      'nope',
      'the image knows no user "nope"; add it to /etc/passwd of the base, or use a number',
    ],
    [
      'a group that is not there',
      image,
      'app:nope',
      'the image knows no group "nope"; add it to /etc/group of the base, or use a number',
    ],
    [
      'a group behind a link to nothing',
      linked,
      'app:staff',
      'the image knows no group "staff"; add it to /etc/group of the base, or use a number',
    ],
    ['too many parts', image, 'a:b:c', '"a:b:c" is neither a user nor user:group'],
    ['a number that is too large', image, '4294967296', '4294967296 is too large for a user or group id'],
    ['a group that is too large', image, '1:4294967296', '4294967296 is too large for a user or group id'],
    [
      'a number below zero',
      image,
      '-1',
      'the image knows no user "-1"; add it to /etc/passwd of the base, or use a number',
    ],
    [
      'a record without numbers',
      image,
      'short',
      'the image has no usable number for the user "short"; mend /etc/passwd of the base, or use a number',
    ],
    [
      'a record with other things for numbers',
      image,
      'bad',
      'the image has no usable number for the user "bad"; mend /etc/passwd of the base, or use a number',
    ],
    [
      'a record with a number that is too large',
      image,
      'large',
      'the image has no usable number for the user "large"; mend /etc/passwd of the base, or use a number',
    ],
    [
      'a group without a number',
      image,
      '1:short',
      'the image has no usable number for the group "short"; mend /etc/group of the base, or use a number',
    ],
    [
      'a group with something else for a number',
      image,
      '1:bad',
      'the image has no usable number for the group "bad"; mend /etc/group of the base, or use a number',
    ],
  ])('an error: %s', (_name, tree, text, message) => {
    expect(() => own(text, tree)).toThrow(new GitopsError(message));
  });
});
