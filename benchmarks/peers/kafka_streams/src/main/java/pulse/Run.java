package pulse;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;

/** The stopwatch of one run and its tally of what was read: it begins with the first event. */
final class Run {
    final CountDownLatch over = new CountDownLatch(1);
    final CountDownLatch answered = new CountDownLatch(1);
    private final Map<String, long[]> read = new HashMap<>();
    private final long lengthNs;
    private final long count;
    private volatile long events;
    private long asOfMs;
    private long gaps;
    private long beganNs;
    private long beganCpuNs;
    private long pausedNs;
    private long pausedCpuNs;

    Run(double seconds, long count) {
        this.lengthNs = (long) (seconds * 1e9);
        this.count = count;
    }

    /** Whether this event still belongs to the run; only the one stream thread asks. */
    boolean saw(String unit, long position, long atMs) {
        long now = System.nanoTime();
        if (events == 0) {
            beganNs = now;
            beganCpuNs = cpuNs();
        }
        if (events == count || now - beganNs >= lengthNs) {
            return false;
        }
        long[] last = read.computeIfAbsent(unit, any -> new long[1]);
        if (position != last[0] + 1) {
            gaps++;
        }
        last[0] = position;
        asOfMs = Math.max(asOfMs, atMs);
        events++; // the only thread that writes; its other writes become visible with this one
        return true;
    }

    boolean complete() {
        return events == count;
    }

    long asOfMs() {
        return asOfMs;
    }

    /** What happens until `resume` is not on the clock. */
    void pause() {
        pausedNs -= System.nanoTime();
        pausedCpuNs -= cpuNs();
    }

    void resume() {
        pausedNs += System.nanoTime();
        pausedCpuNs += cpuNs();
    }

    /** The last line that a contender prints. Shape of the answer: "unit window" to count. */
    String result(Map<String, Long> answer) throws Exception {
        Map<String, Object> result = new LinkedHashMap<>();
        Map<String, Long> positions = new HashMap<>();
        read.forEach((unit, last) -> positions.put(unit, last[0]));
        result.put("wall_s", (System.nanoTime() - beganNs - pausedNs) / 1e9);
        result.put("cpu_s", (cpuNs() - beganCpuNs - pausedCpuNs) / 1e9);
        result.put("events", events);
        result.put("gaps", gaps);
        result.put("as_of_ms", asOfMs);
        result.put("read", positions);
        result.put("peak_mb", peakMb());
        result.put("digest", digest(answer));
        return new ObjectMapper().writeValueAsString(result);
    }

    private static String digest(Map<String, Long> answer) throws Exception {
        TreeSet<String> lines = new TreeSet<>();
        answer.forEach((of, number) -> {
            if (number != 0) {
                lines.add(of + " " + number + "\n");
            }
        });
        MessageDigest sha = MessageDigest.getInstance("SHA-256");
        lines.forEach(line -> sha.update(line.getBytes(StandardCharsets.UTF_8)));
        return HexFormat.of().formatHex(sha.digest()).substring(0, 16);
    }

    private static long cpuNs() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                .getProcessCpuTime();
    }

    private static double peakMb() throws Exception {
        Path status = Path.of("/proc/self/status");
        if (!Files.exists(status)) {
            return Runtime.getRuntime().totalMemory() / 1048576.0;
        }
        for (String line : Files.readAllLines(status)) {
            if (line.startsWith("VmHWM")) {
                return Long.parseLong(line.replaceAll("\\D", "")) / 1024.0;
            }
        }
        return 0;
    }
}
