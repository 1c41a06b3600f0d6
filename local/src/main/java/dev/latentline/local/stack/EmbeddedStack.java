package dev.latentline.local.stack;

import dev.latentline.embedded.Checkout;
import dev.latentline.embedded.ChildProcess;
import dev.latentline.embedded.ClassArchive;
import dev.latentline.embedded.JavaCommand;
import dev.latentline.embedded.KafkaBroker;
import dev.latentline.embedded.S3Store;
import dev.latentline.inference.catalogue.Catalogue;
import dev.latentline.inference.catalogue.InvalidCatalogueException;
import dev.latentline.inference.checkpoint.CheckpointImport;
import dev.latentline.inference.checkpoint.RetiredModels;
import dev.latentline.local.CliException;
import java.io.IOException;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * Broker, store and the five services on this machine, from {@link #start} to {@link #stop}; what
 * ends in between is started again. One stack has a state folder at a time.
 */
public final class EmbeddedStack {
  private static final String DEVICE = "LATENTLINE_INFERENCE_DEVICE";
  private static final String THREADS = "LATENTLINE_INFERENCE_THREADS";
  private static final int MOST_THREADS = 16;
  private static final String POOL = "default";
  private static final String WILDCARDS = "LATENTLINE_WILDCARDS";
  private static final String STYLES = "LATENTLINE_STYLES";
  private static final Duration SERVICE_GRACE = Duration.ofSeconds(9);
  private static final Duration ARCHIVE_GRACE = Duration.ofSeconds(30);
  private static final Duration BROKER_GRACE = Duration.ofSeconds(10);
  private static final Duration STORE_GRACE = Duration.ofSeconds(2);

  private final Checkout checkout;
  private final StateFolder state;
  private final StackPorts ports;
  private final List<Path> models;
  private final Consumer<String> notes;
  private final CountDownLatch stopped = new CountDownLatch(1);

  private final Map<Role, ClassArchive> archives = new EnumMap<>(Role.class);

  /** Set once, before any of them is started. */
  private Map<Role, Supervised> parts = Map.of();

  private FileLock lock;
  private boolean forOneCall;
  private boolean ready;
  private boolean stopping;

  /**
   * @param notes told what happens while it runs, in lines for people
   */
  public EmbeddedStack(
      Checkout checkout, StateFolder state, StackPorts ports, Consumer<String> notes) {
    this.checkout = checkout;
    this.state = state;
    this.ports = ports;
    this.notes = notes;
    for (Role role : Role.values()) {
      archives.put(role, checkout.archive(role.id()));
    }
    this.models = models(checkout, state);
  }

  /** The catalogue, and behind it what was imported, if anything was. */
  public static List<Path> models(Checkout checkout, StateFolder state) {
    String named = System.getenv("LATENTLINE_MODELS");
    List<Path> folders = new ArrayList<>();
    folders.add(
        named == null || named.isBlank() ? checkout.models() : Path.of(named).toAbsolutePath());
    if (Files.isDirectory(state.models())) {
      folders.add(state.models());
    }
    return List.copyOf(folders);
  }

  /** The gateway's address. */
  public String url() {
    return "http://127.0.0.1:" + ports.of(Role.GATEWAY);
  }

  /** The folders with the models that it will serve; the first has pools.yaml. */
  public List<Path> models() {
    return models;
  }

  /**
   * Takes the state folder.
   *
   * @return false when another process has it
   */
  public boolean lock() {
    Optional<FileLock> taken = state.lock();
    taken.ifPresent(t -> lock = t);
    return taken.isPresent();
  }

  /**
   * Starts everything and waits until all of it is ready; {@link #lock} comes first. When it fails,
   * nothing is left running.
   *
   * @param oneCall whether it is there for one command only; others do not use it then
   * @throws CliException when something is missing, a port is in use or a process cannot be started
   * @throws dev.latentline.embedded.ChildFailedException when a process does not come up
   */
  public void start(boolean oneCall) {
    forOneCall = oneCall;
    ChildProcess.atShutdown(this::breakOff);
    try {
      StackRecord.awaitLeftOvers(state, notes);
      removeOld();
      check();
      StackRecord.own(forOneCall, List.of()).write(state);
      own(prepare());
      new StackStart(parts, state.path(), models, this::isStopping).run(this::record);
      ready();
    } catch (RuntimeException e) {
      boolean stoppedByOthers = isStopping();
      stop();
      throw stoppedByOthers ? StackStart.broken() : e;
    }
  }

  /** Ends all processes, the services first, and gives the state folder back. */
  public void stop() {
    boolean first;
    Map<Role, Supervised> parts;
    boolean working;
    synchronized (this) {
      first = !stopping;
      stopping = true;
      parts = this.parts;
      // the only call is done, or nothing began: whoever waits at the prompt need not wait longer
      working = ready && !forOneCall;
    }
    if (!first) {
      awaitStop();
      return;
    }
    if (!forOneCall && !parts.isEmpty()) {
      notes.accept("ending all processes");
    }
    if (parts.keySet().stream().anyMatch(this::writesArchive)) {
      notes.accept("writing what lets the next stack start faster: this takes some seconds, once");
    }
    // who ends this process group ends them all at once
    parts.values().forEach(Supervised::release);
    List<Thread> ending = new ArrayList<>();
    for (Role role : Role.services()) {
      Supervised service = parts.get(role);
      if (service != null) {
        Duration grace = working ? SERVICE_GRACE : Duration.ZERO;
        Thread thread = new Thread(() -> stop(service, role, grace), "stop-" + role.id());
        thread.start();
        ending.add(thread);
      }
    }
    ending.forEach(EmbeddedStack::join);
    Supervised broker = parts.get(Role.BROKER);
    Supervised store = parts.get(Role.STORE);
    if (store != null) {
      stop(store, Role.STORE, STORE_GRACE);
    }
    if (broker != null) {
      stop(broker, Role.BROKER, BROKER_GRACE);
    }
    if (lock != null) {
      StackRecord.remove(state);
      try {
        lock.channel().close();
      } catch (IOException e) {
        // the process ends, and with it the lock
      }
    }
    stopped.countDown();
  }

  private void stop(Supervised part, Role role, Duration grace) {
    boolean inTime = part.stop(writesArchive(role) ? ARCHIVE_GRACE : grace);
    archive(role).ended(inTime && hasWorked());
  }

  private boolean writesArchive(Role role) {
    return hasWorked() && archive(role).isAwaited();
  }

  /** Not where a call is broken off: whoever waits at the prompt need not wait longer. */
  private boolean hasWorked() {
    return isReady() && !(forOneCall && ChildProcess.isShuttingDown());
  }

  private ClassArchive archive(Role role) {
    return archives.get(role);
  }

  private void breakOff() {
    // also where a part that the same signal ended has been seen to end before
    if (ChildProcess.isBrokenOff() && !isReady()) {
      notes.accept(StackStart.broken().getMessage());
    }
    stop();
  }

  /** Returns when somebody has stopped it. */
  public void awaitStop() {
    try {
      stopped.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void check() {
    if (!Files.isRegularFile(models.get(0).resolve("pools.yaml"))) {
      throw CliException.failed(
          "there is no catalogue of models in "
              + models.get(0)
              + " (no pools.yaml): build it with mvn -Dquick package, or set LATENTLINE_MODELS");
    }
    checkPools();
    for (Role role : Role.services()) {
      if (!Files.isRegularFile(checkout.service(role.module()))) {
        throw CliException.failed(
            "the "
                + role.id()
                + " is not built ("
                + checkout.service(role.module())
                + " is missing): run mvn -Dquick package");
      }
    }
    ports.checkFree();
  }

  /** A picture of another pool would wait for a denoiser until its deadline. */
  private void checkPools() {
    Set<String> pools;
    try {
      pools = Catalogue.open(models).pools().keySet();
    } catch (InvalidCatalogueException e) {
      throw CliException.failed(e.getMessage() + ": mend it, or set LATENTLINE_MODELS");
    }
    if (!pools.equals(Set.of(POOL))) {
      throw CliException.failed(
          "pools.yaml in "
              + models.get(0)
              + " has the pools "
              + pools
              + ", and this stack has one denoiser, of the pool "
              + POOL
              + ": put all models into that one, or deploy a denoiser for each");
    }
  }

  /** Before the models are looked at: some may come back. */
  private void removeOld() {
    try {
      CheckpointImport.clear(state.models());
      new RetiredModels(state.models()).removeExpired(Instant.now());
    } catch (IOException e) {
      notes.accept("a model that is no longer needed could not be deleted: " + e.getMessage());
    }
  }

  private Map<Role, Supervised> prepare() {
    Map<Role, Supervised> made = new EnumMap<>(Role.class);
    StateFolder.Secrets secrets = state.secrets();
    KafkaBroker broker =
        new KafkaBroker(
            checkout,
            state.data("kafka"),
            state.log("broker"),
            ports.of(Role.BROKER),
            ports.of(Role.CONTROLLER));
    S3Store store =
        new S3Store(
            checkout, state.data("s3"), state.log("store"), ports.of(Role.STORE), secrets.store());
    made.put(
        Role.BROKER,
        supervised(Role.BROKER, () -> broker.start(archive(Role.BROKER)), broker::serves));
    made.put(
        Role.STORE, supervised(Role.STORE, () -> store.start(archive(Role.STORE)), store::serves));
    for (Role role : Role.services()) {
      Map<String, String> environment = environment(role, broker, store, secrets);
      List<String> command = command(role);
      made.put(
          role,
          supervised(
              role,
              () ->
                  ChildProcess.start(
                      new ChildProcess.Spec(
                          role.id(), command, environment, state.path(), state.log(role.id()))),
              () -> Health.isReady(ports.of(role))));
    }
    return made;
  }

  private Supervised supervised(Role role, Supplier<ChildProcess> starter, BooleanSupplier probe) {
    return new Supervised(role, ports.of(role), starter, probe, notes, this::record);
  }

  private synchronized void own(Map<Role, Supervised> made) {
    parts = made;
    if (stopping) {
      made.values().forEach(Supervised::release);
    }
  }

  private synchronized void ready() {
    if (!stopping) {
      ready = true;
      parts.values().forEach(Supervised::watch);
    }
  }

  private Map<String, String> environment(
      Role role, KafkaBroker broker, S3Store store, StateFolder.Secrets secrets) {
    Map<String, String> environment = new TreeMap<>();
    environment.put("KAFKA_BOOTSTRAP_SERVERS", broker.bootstrapServers());
    environment.put("LATENTLINE_STORE_URL", store.url());
    environment.put("LATENTLINE_STORE_ACCESS_KEY", secrets.store().accessKey());
    environment.put("LATENTLINE_STORE_SECRET_KEY", secrets.store().secretKey());
    environment.put(
        "LATENTLINE_MODELS",
        models.stream().map(EmbeddedStack::escaped).collect(Collectors.joining(",")));
    environment.put("QUARKUS_HTTP_HOST", "127.0.0.1");
    environment.put("QUARKUS_HTTP_PORT", Integer.toString(ports.of(role)));
    environment.put("ORT_DISABLE_TELEMETRY", "1");
    environment.put("DJL_OFFLINE", "true");
    if (role.computes() && System.getenv(THREADS) == null) {
      environment.put(THREADS, Integer.toString(threads()));
    }
    if (role == Role.ENCODER || role == Role.DECODER) {
      firstDevice().ifPresent(device -> environment.put(DEVICE, device));
    }
    if (role == Role.GATEWAY) {
      environment.put("LATENTLINE_MASTER_SECRET", secrets.master());
      environment.put("LATENTLINE_WEBHOOK_ALLOW_LOOPBACK", "true");
      environment.put("LATENTLINE_PROMPTS_URL", "http://127.0.0.1:" + ports.of(Role.PROMPT));
      own(WILDCARDS, state.wildcards()).ifPresent(path -> environment.put(WILDCARDS, path));
      own(STYLES, state.styles()).ifPresent(path -> environment.put(STYLES, path));
    }
    return environment;
  }

  /** What the user names, from where he is; else what is in the state folder, where it is there. */
  private static Optional<String> own(String variable, Path byDefault) {
    String named = System.getenv(variable);
    Path path = named == null || named.isBlank() ? byDefault : Path.of(named).toAbsolutePath();
    return path.equals(byDefault) && !Files.exists(byDefault)
        ? Optional.empty()
        : Optional.of(path.toString());
  }

  /** Only the denoiser computes on several. */
  private static Optional<String> firstDevice() {
    return Optional.ofNullable(System.getenv(DEVICE)).map(devices -> devices.split(",", 2)[0]);
  }

  /** One denoiser has the whole machine, and a picture is for somebody who waits for it. */
  private static int threads() {
    return Math.min(Runtime.getRuntime().availableProcessors(), MOST_THREADS);
  }

  /** As an element of a list that is separated by commas. */
  private static String escaped(Path path) {
    return path.toString().replace("\\", "\\\\").replace(",", "\\,");
  }

  /** Only what computes gets the optimising compiler; it would delay the start of the others. */
  private List<String> command(Role role) {
    JavaCommand java = new JavaCommand();
    switch (role) {
      case DENOISER -> java.computing(768);
      case DECODER, ENCODER -> java.computing(512);
      default -> java.light(384);
    }
    return java.options("--enable-native-access=ALL-UNNAMED")
        .classpath(checkout.serviceClasspath(role.module()))
        .archive(archive(role))
        .main("io.quarkus.runner.GeneratedMain");
  }

  private synchronized boolean isReady() {
    return ready;
  }

  private synchronized boolean isStopping() {
    return stopping;
  }

  private synchronized void record() {
    if (!stopping) {
      StackRecord.own(forOneCall, parts.values().stream().map(Supervised::part).toList())
          .write(state);
    }
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
