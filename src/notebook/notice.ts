import type {
  IBuild,
  IDrift,
  IEnvironmentDetail,
  IProblem,
  IVersionSummary
} from '../wire';
import type { IBeside } from './beside';
import type { IKernelFacts } from './kernelfacts';
import type { INamed } from './surroundings';

/** A version that is named. */
export type Target = Pick<IKernelFacts, 'name' | 'version'>;

/** What there is to say of a notebook whose environment is here; the most serious comes first. */
export type Notice =
  | {
      readonly is: 'working';
      readonly on: Target;
      readonly build: IBuild | null;
    }
  | {
      readonly is: 'failed';
      readonly on: Target;
      readonly build: IBuild | null;
      readonly problem: IProblem | null;
    }
  | {
      readonly is: 'drift';
      readonly drift: IDrift;
      /** The number that the next version gets; `null` where a copy is made. */
      readonly next: string | null;
    }
  | {
      readonly is: 'older';
      readonly cells: number;
      /** The one that made them, or `null` where there are several. */
      readonly ran: string | null;
      readonly facts: IKernelFacts;
    }
  | {
      readonly is: 'rebuilt';
      readonly facts: IKernelFacts;
      /** The build that has ended since the kernel started. */
      readonly build: string;
    }
  | {
      readonly is: 'moved';
      readonly label: string;
      readonly facts: IKernelFacts;
      readonly to: string;
    }
  | {
      readonly is: 'newer';
      readonly facts: IKernelFacts;
      readonly to: IVersionSummary;
    }
  | {
      /** A kernel that is not here, and an environment of its name. */
      readonly is: 'named';
      readonly by: INamed;
    }
  | {
      readonly is: 'found';
      readonly how: string;
      /** The file that says so, where it is not the notebook itself. */
      readonly beside: IBeside | null;
      /** The version here that asks for the very same. */
      readonly here: Target | null;
    };

/** The number that the next version will have, as far as the numbers tell. */
export function nextOf(detail: IEnvironmentDetail | null): string | null {
  const numbers = (detail?.versions ?? [])
    .map(one => Number(one.version))
    .filter(Number.isInteger);
  return numbers.length ? String(Math.max(...numbers) + 1) : null;
}

/** The version that a label is at. */
export function versionOf(
  label: string,
  { environment }: IEnvironmentDetail
): string | undefined {
  return (
    environment.labels[label] ??
    (label === 'latest' ? environment.latest.version : undefined)
  );
}

/** What makes one notice another: dismissing lasts for as long as it is the same. */
export function causeOf(notice: Notice): string {
  switch (notice.is) {
    case 'drift':
      return `drift ${JSON.stringify(notice.drift)}`;
    case 'older':
      return `older ${notice.ran} ${notice.facts.version}`;
    case 'rebuilt':
      return `rebuilt ${notice.build}`;
    case 'moved':
      return `moved ${notice.label} ${notice.to}`;
    case 'newer':
      return `newer ${notice.to.version}`;
    case 'found':
      return `found ${notice.how}`;
    default:
      return notice.is;
  }
}
