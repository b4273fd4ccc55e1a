/** A secret as it may be shown: never its value. */
export interface ISecret {
  name: string;
  /** Where it may be sent to as a credential. */
  hosts: string[];
  /** Whose variables may hold it. */
  environments: string[];
  source: 'keyring' | 'file';
  updated_at: string;
}
