package pulse;

import java.time.Duration;
import java.util.List;
import java.util.Map;

/** What every contender has to do; the same as job.py. */
final class Job {
    static final Duration LATEST = Duration.ofDays(61);
    static final Window MINUTES = new Window("minutes", Duration.ofMinutes(1), Duration.ofMinutes(1));
    static final Window HOURS = new Window("hours", Duration.ofHours(1), Duration.ofHours(1));
    static final List<Window> ROLLING = List.of(
            new Window("PT5M", Duration.ofMinutes(5), Duration.ofMinutes(1)),
            new Window("PT1H", Duration.ofHours(1), Duration.ofMinutes(1)),
            new Window("PT24H", Duration.ofDays(1), Duration.ofMinutes(1)),
            new Window("P7D", Duration.ofDays(7), Duration.ofHours(1)),
            new Window("P30D", Duration.ofDays(30), Duration.ofHours(1)));
    static final String EQUAL_WORK = "equal-work";
    static final String BEST = "best";
    static final Map<String, List<Window>> COUNTED_BY =
            Map.of(EQUAL_WORK, List.of(HOURS), "equal-answer", ROLLING, BEST, List.of(MINUTES, HOURS));

    private Job() {}

    /** What is counted by: of a length, and beginning with each step. */
    record Window(String id, Duration length, Duration step) {
        long endMs(long asOfMs) {
            return (asOfMs / step.toMillis() + 1) * step.toMillis();
        }

        long startMs(long asOfMs) {
            return endMs(asOfMs) - length.toMillis();
        }

        Window panes() {
            return step.equals(MINUTES.step()) ? MINUTES : HOURS;
        }
    }
}
