import * as os from 'node:os';
import { localUser } from './local-user';

afterEach(() => jest.restoreAllMocks());

it('is called as the system calls it', () => {
  expect(localUser()).toBe(os.userInfo().username);
});

it('is a number where the system has no name for it, as in a container that is run as anybody', () => {
  jest.spyOn(jest.requireActual<typeof os>('node:os'), 'userInfo').mockImplementation(() => {
    throw Object.assign(new Error('A system error occurred: uv_os_get_passwd returned ENOENT'), {
      code: 'ERR_SYSTEM_ERROR',
    });
  });
  expect(localUser()).toBe(`uid ${process.getuid!()}`);
});
