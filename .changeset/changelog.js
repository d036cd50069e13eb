// The changelog of changesets, with one line for all packages below that were raised; a first release raises none.
import standard from '@changesets/cli/changelog';

export default {
  getReleaseLine: standard.getReleaseLine,
  getDependencyReleaseLine(_changesets, raised) {
    const names = raised
      .filter(({ oldVersion }) => oldVersion !== '0.0.0')
      .map(({ name, newVersion }) => `${name} ${newVersion}`);
    return Promise.resolve(names.length === 0 ? '' : `- Now with ${names.join(', ')}`);
  },
};
