package pulse;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.processor.api.ContextualFixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.ReadOnlyWindowStore;
import org.apache.kafka.streams.state.Stores;

/** Kafka Streams on the job: Peer BROKER TOPIC TRACK SECONDS COUNT GROUP. */
public final class Peer {
    private static final Duration COMMIT = Duration.ofSeconds(1);
    private static final long CACHE_BYTES = 256L << 20;
    private static final int MAX_POLL_RECORDS = 5_000;
    private static final Duration LOOK = Duration.ofMillis(20);

    private Peer() {}

    /** What is read of an event. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public static final class Event {
        public long position;
    }

    public static void main(String[] args) throws Exception {
        String track = args[2];
        List<Job.Window> windows = Job.COUNTED_BY.get(track);
        Run run = new Run(Double.parseDouble(args[3]), Long.parseLong(args[4]));
        KafkaStreams streams = new KafkaStreams(topology(args[1], windows, run), settings(args[0], args[5]));
        streams.start();
        while (!run.over.await(LOOK.toMillis(), TimeUnit.MILLISECONDS) && !run.complete()) {
            if (streams.state() == KafkaStreams.State.ERROR) {
                System.exit(1);
            }
        }
        Map<String, Long> answer;
        if (track.equals(Job.EQUAL_WORK)) {
            run.pause();
            answer = hours(streams);
            run.resume();
        } else {
            answer = rolling(streams, track, run.asOfMs());
        }
        run.answered.countDown();
        streams.close();
        System.out.println(run.result(answer));
    }

    private static Properties settings(String broker, String group) throws IOException {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, group);
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, broker);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, Files.createTempDirectory("streams").toString());
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, COMMIT.toMillis());
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, CACHE_BYTES);
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), MAX_POLL_RECORDS);
        return settings;
    }

    private static Topology topology(String topic, List<Job.Window> windows, Run run) {
        StreamsBuilder builder = new StreamsBuilder();
        Serde<Event> events = events();
        KGroupedStream<String, Event> byUnit = builder.stream(topic, Consumed.with(Serdes.String(), events))
                .processValues(() -> new Watch(run))
                .groupByKey(Grouped.with(Serdes.String(), events));
        for (Job.Window window : windows) {
            Duration retention = window.length().plus(Job.LATEST);
            byUnit.windowedBy(TimeWindows.ofSizeAndGrace(window.length(), Job.LATEST).advanceBy(window.step()))
                    .count(Materialized.<String, Long>as(
                                    Stores.inMemoryWindowStore(window.id(), retention, window.length(), false))
                            .withKeySerde(Serdes.String())
                            .withValueSerde(Serdes.Long())
                            .withCachingEnabled());
        }
        return builder.build();
    }

    private static Serde<Event> events() {
        ObjectMapper mapper = new ObjectMapper();
        ObjectReader reader = mapper.readerFor(Event.class);
        return Serdes.serdeFrom(
                (topic, event) -> {
                    throw new UnsupportedOperationException("events are only read");
                },
                (topic, value) -> {
                    try {
                        return reader.readValue(value);
                    } catch (IOException unreadable) {
                        throw new UncheckedIOException(unreadable);
                    }
                });
    }

    /** Lets through what belongs to the run; after its end the stream stands still until the answer is read. */
    private static final class Watch extends ContextualFixedKeyProcessor<String, Event, Event> {
        private final Run run;

        Watch(Run run) {
            this.run = run;
        }

        @Override
        public void process(FixedKeyRecord<String, Event> event) {
            if (run.saw(event.key(), event.value().position, event.timestamp())) {
                context().forward(event);
                return;
            }
            run.over.countDown();
            try {
                run.answered.await();
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static ReadOnlyWindowStore<String, Long> store(KafkaStreams streams, Job.Window window) {
        return streams.store(StoreQueryParameters.fromNameAndType(window.id(), QueryableStoreTypes.windowStore()));
    }

    private static Map<String, Long> hours(KafkaStreams streams) {
        Map<String, Long> answer = new HashMap<>();
        try (KeyValueIterator<Windowed<String>, Long> all = store(streams, Job.HOURS).all()) {
            while (all.hasNext()) {
                KeyValue<Windowed<String>, Long> of = all.next();
                answer.put(of.key.key() + " " + of.key.window().start() / 1_000, of.value);
            }
        }
        return answer;
    }

    private static Map<String, Long> rolling(KafkaStreams streams, String track, long asOfMs) {
        Map<String, Long> answer = new HashMap<>();
        for (Job.Window window : Job.ROLLING) {
            Instant start = Instant.ofEpochMilli(window.startMs(asOfMs));
            boolean fromPanes = track.equals(Job.BEST);
            Instant last = fromPanes ? Instant.ofEpochMilli(window.endMs(asOfMs) - 1) : start;
            ReadOnlyWindowStore<String, Long> store = store(streams, fromPanes ? window.panes() : window);
            try (KeyValueIterator<Windowed<String>, Long> some = store.fetchAll(start, last)) {
                while (some.hasNext()) {
                    KeyValue<Windowed<String>, Long> of = some.next();
                    answer.merge(of.key.key() + " " + window.id(), of.value, Long::sum);
                }
            }
        }
        return answer;
    }
}
