import {
  CreateScheduleCommand,
  CreateScheduleGroupCommand,
  DeleteScheduleCommand,
  GetScheduleCommand,
  type GetScheduleOutput,
  ListSchedulesCommand,
  ListTagsForResourceCommand,
  UpdateScheduleCommand,
  type UpdateScheduleInput,
} from "@aws-sdk/client-scheduler";
import { ProviderError } from "../../operator/provider/fault.ts";
import { shortHash, tagValue } from "../../operator/provider/owner.ts";
import type { Call } from "../../operator/provider/provider.ts";
import type { Aws } from "./clients.ts";
import { ask, askFor, required } from "./errors.ts";
import { pagesOf } from "./pages.ts";
import { tagList, tagsOf } from "./tags.ts";

/** A schedule as it stands in EventBridge Scheduler. */
export type Schedule = GetScheduleOutput;
/** All that a schedule is: an update takes what it isn't told to be the default. */
export type ScheduleInput = Omit<UpdateScheduleInput, "Name" | "GroupName" | "ClientToken">;

const GROUP_NAME_LENGTH = 64;
/** Tag of a group that says whose schedules stand in it. */
const ENVIRONMENT = "onyx-environment";

/** The schedule group of an Environment: schedules carry no tags, so their group tells whose they are. */
export function groupName(environment: string): string {
  const name = `onyx-${environment}`;
  if (name.length <= GROUP_NAME_LENGTH) return name;
  return `${name.slice(0, GROUP_NAME_LENGTH - 9)}-${shortHash(environment, 8)}`;
}

/** The schedules of one Environment, by name. Every call throws ProviderError. */
export function schedules(aws: Pick<Aws, "scheduler" | "place" | "arn">) {
  const { scheduler, place } = aws;
  const GroupName = groupName(place.environment);
  const groupArn = aws.arn("scheduler", `schedule-group/${GroupName}`);
  const environment = tagValue(place.environment);
  const options = (call: Call) => ({ abortSignal: call.signal });

  /** Undefined: there is no such group. */
  async function groupTags(call: Call): Promise<Record<string, string> | undefined> {
    const operation = "Scheduler ListTagsForResource";
    const ResourceArn = groupArn;
    const reply = await askFor(
      operation,
      scheduler.send(new ListTagsForResourceCommand({ ResourceArn }), options(call)),
    );
    if (!reply) return undefined;
    return tagsOf((reply.Tags ?? []).map(({ Key, Value }) => ({ Key: Key ?? "", Value: Value ?? "" })));
  }

  return {
    groupArn,
    arnOf: (name: string): string => aws.arn("scheduler", `schedule/${GroupName}/${name}`),

    /**
     * Makes the group where it isn't there yet. It stays when its last schedule goes: deleting a group deletes
     * every schedule that somebody has put into it meanwhile.
     */
    async ensureGroup(call: Call): Promise<void> {
      const tags = await groupTags(call);
      if (tags === undefined) {
        await ask(
          "Scheduler CreateScheduleGroup",
          scheduler.send(
            new CreateScheduleGroupCommand({ Name: GroupName, Tags: tagList({ [ENVIRONMENT]: environment }) }),
            options(call),
          ),
        ).catch((error: unknown) => {
          if (!isTaken(error)) throw error;
          throw new ProviderError("transient", `schedule group ${GroupName} is being made or deleted`, {
            code: "NotYet",
          });
        });
      } else if (tags[ENVIRONMENT] !== environment)
        throw new ProviderError(
          "conflict",
          `schedule group ${GroupName} exists and is not of this Environment: its tag ${ENVIRONMENT} should be ${environment}. Nothing was put into it.`,
          { code: "GroupExists" },
        );
    },

    find: (Name: string, call: Call): Promise<Schedule | undefined> =>
      askFor("Scheduler GetSchedule", scheduler.send(new GetScheduleCommand({ Name, GroupName }), options(call))).then(
        (found) => {
          // A reply that was cut off says nothing of the schedule.
          if (found) required("Scheduler GetSchedule", "Arn", found.Arn);
          return found;
        },
      ),

    /** Names of all that stand in the group. */
    async names({ signal }: Pick<Call, "signal">): Promise<readonly string[]> {
      const pages = await pagesOf("Scheduler ListSchedules", (NextToken) =>
        scheduler.send(new ListSchedulesCommand({ GroupName, MaxResults: 100, NextToken }), { abortSignal: signal }),
      );
      return pages.flatMap(({ Schedules = [] }) => Schedules.flatMap(({ Name }) => Name ?? []));
    },

    /** False: there is one of that name already. */
    async create(Name: string, schedule: ScheduleInput, call: Call): Promise<boolean> {
      try {
        const command = new CreateScheduleCommand({ ...schedule, Name, GroupName });
        const made = await ask("Scheduler CreateSchedule", scheduler.send(command, options(call)));
        required("Scheduler CreateSchedule", "ScheduleArn", made.ScheduleArn);
        return true;
      } catch (error) {
        if (isTaken(error)) return false;
        throw error;
      }
    },

    async update(Name: string, schedule: ScheduleInput, call: Call): Promise<void> {
      const command = new UpdateScheduleCommand({ ...schedule, Name, GroupName });
      await ask("Scheduler UpdateSchedule", scheduler.send(command, options(call)));
    },

    async remove(Name: string, call: Call): Promise<void> {
      await askFor(
        "Scheduler DeleteSchedule",
        scheduler.send(new DeleteScheduleCommand({ Name, GroupName }), options(call)),
      );
    },
  };
}

const isTaken = (error: unknown): boolean => error instanceof ProviderError && error.code === "ConflictException";
