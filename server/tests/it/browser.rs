//! A browser with its cookies, as far as HTTP goes.

use reqwest::{Client, Response, redirect};

use crate::binary::Installation;

pub(crate) struct Browser {
    pub(crate) client: Client,
    pub(crate) origin: String,
}

impl Browser {
    pub(crate) fn at(house: &Installation) -> Self {
        let client = Client::builder()
            .cookie_store(true)
            .redirect(redirect::Policy::none());
        Self {
            client: client.build().unwrap(),
            origin: house.origin(),
        }
    }

    /// The page of a call, as a new operator sees it.
    pub(crate) async fn reads_call(house: &Installation, call: &str) -> String {
        let (email, password) = ("ann@example.com", "correct-horse-battery");
        house.run(&["user", "add", email, "--role", "operator"], password);
        let browser = Self::at(house);
        browser.sign_in(email, password).await;
        let url = format!("{}/inbox/{call}", browser.origin);
        let page = browser.client.get(url).send().await.unwrap();
        assert_eq!(page.status(), 200);
        page.text().await.unwrap()
    }

    pub(crate) async fn submit(&self, function: &str, form: &[(&str, &str)]) -> Response {
        self.submit_from(Some(&self.origin), function, form).await
    }

    pub(crate) async fn submit_from(
        &self,
        origin: Option<&str>,
        function: &str,
        form: &[(&str, &str)],
    ) -> Response {
        let url = format!("{}/fn/{function}", self.origin);
        let mut request = self.client.post(url).form(form);
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        request.send().await.unwrap()
    }

    pub(crate) async fn sign_in(&self, email: &str, password: &str) -> Response {
        self.submit("sign_in", &[("email", email), ("password", password)])
            .await
    }

    pub(crate) async fn is_signed_in(&self) -> bool {
        let url = format!("{}/fn/get_facts", self.origin);
        let status = self.client.get(url).send().await.unwrap().status();
        assert!(status == 200 || status == 401, "{status}");
        status == 200
    }
}
