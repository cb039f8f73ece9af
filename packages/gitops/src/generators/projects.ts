import { type ProjectConfiguration, createProjectGraphAsync } from '@nx/devkit';

export type Projects = Readonly<Record<string, ProjectConfiguration>>;

/** The projects of the workspace by their names, with all that plugins infer. */
export async function projectsOfGraph(): Promise<Projects> {
  const { nodes } = await createProjectGraphAsync();
  return Object.fromEntries(Object.entries(nodes).map(([name, { data }]) => [name, data]));
}
