//! Changes that come at once are made at once: those that come while a transaction is being made wait, and are the next.
//! A lone one waits for nobody.

use std::collections::{HashSet, VecDeque};
use std::hash::Hash;
use std::mem;
use std::sync::Arc;

use app::error::AppError;
use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::service::core::Core;
use crate::service::fault;
use crate::store::{StoreError, Tx};

/// So many at most share a transaction. Other instances are told of each: of more they would hear only that there were
/// many.
const MOST: usize = 64;

/// A change that somebody wants.
pub(super) trait Wish: Send + Sync + Sized + 'static {
    /// What it changes: a row is changed once in a transaction.
    type Of: Clone + Eq + Hash + Send;
    /// What it comes to.
    type Made: Send;

    fn of(&self) -> &Self::Of;

    /// Makes them in this transaction, commits, and answers what each comes to. An error means that nothing was
    /// done, not even what would have gone well.
    fn make_all(
        core: &Core,
        tx: Tx,
        wishes: &[&Self],
    ) -> impl Future<Output = Result<Vec<Result<Self::Made, AppError>>, Undone>> + Send;
}

/// Why a transaction was not made. A failure of the store is told by each request for itself, in its own name.
#[derive(Clone, Debug)]
pub(super) enum Undone {
    Refused(AppError),
    Failed(Arc<StoreError>),
}

impl Undone {
    /// Whether the database is not there for anybody just now.
    fn is_passing(&self) -> bool {
        matches!(self, Self::Failed(error) if error.is_passing())
    }
}

impl From<AppError> for Undone {
    fn from(error: AppError) -> Self {
        Self::Refused(error)
    }
}

impl From<StoreError> for Undone {
    fn from(error: StoreError) -> Self {
        Self::Failed(Arc::new(error))
    }
}

impl From<Undone> for AppError {
    fn from(undone: Undone) -> Self {
        match undone {
            Undone::Refused(error) => error,
            Undone::Failed(error) => Self::from(&*error),
        }
    }
}

/// Where changes of a kind wait for each other.
pub(super) struct Together<W: Wish> {
    core: Core,
    waiting: Mutex<Waiting<W>>,
}

struct Waiting<W: Wish> {
    orders: VecDeque<Order<W>>,
    /// Whether somebody is at it.
    served: bool,
}

struct Order<W: Wish> {
    wish: W,
    /// Closed when whoever asked has hung up.
    answer: oneshot::Sender<Result<W::Made, Undone>>,
}

impl<W: Wish> Order<W> {
    fn answer(self, outcome: Result<W::Made, Undone>) {
        drop(self.answer.send(outcome));
    }
}

impl<W: Wish> Together<W> {
    pub(super) fn new(core: Core) -> Arc<Self> {
        let waiting = Mutex::new(Waiting {
            orders: VecDeque::new(),
            served: false,
        });
        Arc::new(Self { core, waiting })
    }

    /// Makes a change, by itself or with others. Given up before its transaction begins it is not made; given up later
    /// it may be, as a whole.
    pub(super) async fn make(self: &Arc<Self>, wish: W) -> Result<W::Made, AppError> {
        let (answer, answered) = oneshot::channel();
        if self.put(Order { wish, answer }) {
            drop(set_off(Arc::clone(self).serve()));
        }
        match answered.await {
            Ok(outcome) => Ok(outcome?),
            Err(broken) => Err(fault::internal(&broken)),
        }
    }

    /// Whether somebody has to be set off.
    fn put(&self, order: Order<W>) -> bool {
        let mut waiting = self.waiting.lock();
        waiting.orders.push_back(order);
        !mem::replace(&mut waiting.served, true)
    }

    /// Until nothing waits. Each round is a task of its own: of one that breaks those hear whose changes it had, and so
    /// do the others, because the next might break as well.
    async fn serve(self: Arc<Self>) {
        while self.goes_on() {
            if set_off(Arc::clone(&self).round()).await.is_err() {
                self.waiting.lock().orders.clear();
            }
        }
    }

    fn goes_on(&self) -> bool {
        let mut waiting = self.waiting.lock();
        waiting.served = !waiting.orders.is_empty();
        waiting.served
    }

    /// One transaction. Whoever comes before it has begun has a place in it.
    async fn round(self: Arc<Self>) {
        let tx = match self.core.db.begin().await {
            Ok(tx) => tx,
            Err(error) => return self.refuse([], &error.into()),
        };
        let orders = self.take();
        let wishes: Vec<&W> = orders.iter().map(|order| &order.wish).collect();
        match W::make_all(&self.core, tx, &wishes).await {
            Ok(outcomes) => {
                for (order, outcome) in orders.into_iter().zip(outcomes) {
                    order.answer(outcome.map_err(Undone::Refused));
                }
            }
            Err(undone) if undone.is_passing() || orders.len() == 1 => self.refuse(orders, &undone),
            Err(_) => self.one_by_one(orders).await,
        }
    }

    /// One that cannot be made must not take its neighbours with it.
    async fn one_by_one(&self, orders: Vec<Order<W>>) {
        let mut orders = orders.into_iter();
        while let Some(order) = orders.next() {
            match self.alone(&order.wish).await {
                Err(undone) if undone.is_passing() => {
                    return self.refuse([order].into_iter().chain(orders), &undone);
                }
                outcome => order.answer(outcome),
            }
        }
    }

    async fn alone(&self, wish: &W) -> Result<W::Made, Undone> {
        let tx = self.core.db.begin().await?;
        let mut outcomes = W::make_all(&self.core, tx, &[wish]).await?;
        Ok(outcomes.remove(0)?)
    }

    /// Tells them; where the database is not there, also those who came meanwhile: they would wait as long, and in vain.
    fn refuse(&self, orders: impl IntoIterator<Item = Order<W>>, undone: &Undone) {
        let mut others = VecDeque::new();
        if undone.is_passing() {
            mem::swap(&mut others, &mut self.waiting.lock().orders);
        }
        for order in orders.into_iter().chain(others) {
            order.answer(Err(undone.clone()));
        }
    }

    /// The first of those that wait, each of another row. Who has hung up wants nothing any more.
    fn take(&self) -> Vec<Order<W>> {
        let mut waiting = self.waiting.lock();
        let (mut taken, mut left) = (Vec::new(), VecDeque::new());
        let mut rows = HashSet::new();
        for order in waiting.orders.drain(..) {
            if order.answer.is_closed() {
                continue;
            }
            if taken.len() < MOST && rows.insert(order.wish.of().clone()) {
                taken.push(order);
            } else {
                left.push_back(order);
            }
        }
        waiting.orders = left;
        taken
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "requests wait for it; it must merely outlive any one's hanging up"
)]
fn set_off<F>(work: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    tokio::spawn(work)
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::future::join_all;
    use futures_util::poll;

    use super::*;
    use crate::clock::Clock;
    use crate::service::news::NewsDesk;
    use crate::service::routes::RouteBook;
    use crate::store::{DataKey, Db};

    /// Half of itself; what is not even breaks everything.
    struct Half(u32);

    impl Wish for Half {
        type Of = u32;
        type Made = u32;

        fn of(&self) -> &u32 {
            &self.0
        }

        async fn make_all(
            _: &Core,
            tx: Tx,
            wishes: &[&Self],
        ) -> Result<Vec<Result<u32, AppError>>, Undone> {
            assert!(wishes.iter().all(|wish| wish.0 % 2 == 0), "on purpose");
            tx.commit().await?;
            Ok(wishes.iter().map(|wish| Ok(wish.0 / 2)).collect())
        }
    }

    #[tokio::test]
    async fn a_round_that_breaks_leaves_nobody_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("halves.db").display());
        let core = Core {
            db: Db::open(&url, DataKey::from_bytes([1; 32])).await.unwrap(),
            clock: Clock::fixed(0),
            book: Arc::new(RouteBook::default()),
            news: NewsDesk::default(),
        };
        let together = Together::new(core.clone());
        let turn = core.db.turn().await.unwrap();
        // More than one round takes.
        let wishes = [1].into_iter().chain((2..400).step_by(2));
        let mut all = pin!(join_all(wishes.map(|n| together.make(Half(n)))));
        assert!(poll!(&mut all).is_pending());
        drop(turn);
        for outcome in all.await {
            assert!(matches!(outcome, Err(AppError::Internal { .. })));
        }
        assert_eq!(together.make(Half(8)).await, Ok(4));
    }
}
