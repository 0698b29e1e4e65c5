//! The dispatcher with queues of other kinds: shared with another thread, and broken.

use super::*;

/// A queue that something can be added to while it is worked off.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<MemoryQueue>>);

impl DeliveryQueue for Shared {
    type Error = Infallible;

    fn limit_wait(&mut self, longest: Duration) -> Result<(), Infallible> {
        self.0.lock().unwrap().limit_wait(longest)
    }

    fn take_due(
        &mut self,
        now: Timestamp,
        room: usize,
        held: &HashSet<Arc<str>>,
    ) -> Result<Vec<ReadyDelivery>, Infallible> {
        self.0.lock().unwrap().take_due(now, room, held)
    }

    fn complete(&mut self, attempts: &[AttemptResult]) -> Result<(), Infallible> {
        self.0.lock().unwrap().complete(attempts)
    }

    fn next_due(&mut self, held: &HashSet<Arc<str>>) -> Result<Option<Timestamp>, Infallible> {
        self.0.lock().unwrap().next_due(held)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_dispatcher_is_woken_and_ends_what_is_in_flight_when_it_is_stopped() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (arrived, mut arrivals) = mpsc::unbounded_channel();
    let (answer, wake, stop) = (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::new(Notify::new()));
    let answered = Arc::clone(&answer);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (arrived, answer) = (arrived.clone(), Arc::clone(&answer));
            tokio::spawn(serve(stream, async move || {
                arrived.send(()).unwrap();
                answer.notified().await;
            }));
        }
    });
    let queue = Shared::default();
    let (told, mut tellings) = mpsc::unbounded_channel();
    let dispatcher = dispatcher(1).observed_by(move |attempted| told.send(attempted.id).unwrap());
    let (mut worked, woken, stopped) = (queue.clone(), Arc::clone(&wake), Arc::clone(&stop));
    let running = tokio::spawn(async move {
        let Ok(tally) = dispatcher.run(&mut worked, &woken, stopped.notified()).await;
        tally
    });

    let push = || queue.0.lock().unwrap().push(delivery("a", None, &url, "x"));
    push();
    wake.notify_one();
    arrivals.recv().await.unwrap();
    answered.notify_one();
    assert_eq!(tellings.recv().await, Some(1));

    push();
    push();
    wake.notify_one();
    arrivals.recv().await.unwrap();
    stop.notify_one();
    answered.notify_one();
    assert_eq!(running.await.unwrap().delivered, 2);
    assert_eq!(queue.0.lock().unwrap().len(), 1, "the third was never begun");
}

/// A queue that has one delivery to hand out, and then cannot be read any more.
struct Unreadable(MemoryQueue);

#[derive(Debug, PartialEq)]
struct Broken;

impl DeliveryQueue for Unreadable {
    type Error = Broken;

    fn limit_wait(&mut self, _: Duration) -> Result<(), Broken> {
        Ok(())
    }

    fn take_due(&mut self, now: Timestamp, _: usize, held: &HashSet<Arc<str>>) -> Result<Vec<ReadyDelivery>, Broken> {
        let Ok(due) = self.0.take_due(now, 1, held);
        if due.is_empty() { Err(Broken) } else { Ok(due) }
    }

    fn complete(&mut self, attempts: &[AttemptResult]) -> Result<(), Broken> {
        let Ok(()) = self.0.complete(attempts);
        Ok(())
    }

    fn next_due(&mut self, _: &HashSet<Arc<str>>) -> Result<Option<Timestamp>, Broken> {
        Ok(Some(Timestamp::now()))
    }
}

#[tokio::test]
async fn what_is_in_flight_is_recorded_before_a_broken_queue_ends_the_work() {
    let server = MockServer::start().await;
    Mock::given(path("/")).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    let mut queue = Unreadable(MemoryQueue::new());
    queue.0.push(delivery("a", None, &server.uri(), "one"));
    assert_eq!(dispatcher(2).drain(&mut queue).await, Err(Broken));
    assert_eq!(queue.0.take_finished(), [Finished { id: 1, attempts: 1, decision: RetryDecision::Delivered }]);
}
