import { giveToOrdinaryUser } from '@muse/testkit';

/** Runs something as a user whom permissions bind, to whom the tree at `root` is given. Synchronous: it is the whole process. */
export async function asOrdinaryUser(root: string, run: () => void): Promise<void> {
  const { uid } = await giveToOrdinaryUser(root);
  const before = process.geteuid?.() ?? uid;
  process.seteuid?.(uid);
  try {
    run();
  } finally {
    process.seteuid?.(before);
  }
}
