// Loaded in a hidden frame: hands the authorization response to the page around it, which has the same origin.
if (window.parent !== window) window.parent.postMessage(window.location.href, window.location.origin)
