// Hands the person's choice of theme to Streamlit, which reads it from this key while it starts.
(() => {
  const choice = { light: "Light", dark: "Dark" }[document.documentElement.dataset.theme];
  const key = `stActiveTheme-${window.location.pathname}-v2`;
  if (choice) localStorage.setItem(key, JSON.stringify(choice));
  else localStorage.removeItem(key);
})();
